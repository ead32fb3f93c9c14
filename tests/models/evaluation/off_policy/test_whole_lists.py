"""Lists as one action: by hand, of different lengths, what is left out, and that the truth is found."""

from itertools import permutations

import numpy as np
import polars as pl
import pytest

from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.policies import uniform
from models.evaluation.off_policy.policy_values import value_policies
from models.evaluation.off_policy.shown import Shown
from models.evaluation.off_policy.whole_lists import NO_CHOICES, NO_PLACES, NOT_GIVEN_ABOVE, whole_lists
from models.simulation.policy import draw_lists

FREE = Limits(min_effective_sample=0, min_effective_rewards=0, max_missing_mass=0.99)
N_ITEMS, LENGTH = 6, 3


@pytest.fixture
def shown(impressions_of) -> Shown:
    """Three lists of two, one and three positions, one propensity each."""
    items = np.array([[0, 1, 0], [1, 0, 0], [2, 1, 0]])
    clicks = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]])
    return Shown(impressions_of(items, clicks, np.array([[0.5], [0.25], [0.2]]), np.array([2, 1, 3])))


def test_hand_worked(shown):
    chances = np.array([0.5, 0.25, 1, 0.1, 0.2, 0.5])
    found = whole_lists(shown, chances)
    assert found.rows.propensities == pytest.approx([1 / 4, 1 / 4, 1 / 125])
    assert found.rows.probabilities == pytest.approx([1 / 8, 1, 1 / 100])
    assert found.rows.rewards == pytest.approx([1, 0, 1 / 2])
    assert (found.n_impressions, found.n_clicks) == (6, 3)
    # Weights 1/2, 4 and 5/4 on 2, 0 and 1 clicks: 9/4 clicks in 3 lists of 2 positions on average.
    assert found.estimate(FREE).value == pytest.approx(9 / 4 / 3 / 2)


def test_lists_of_different_lengths_are_no_uncertainty_of_a_rate(impressions_of):
    """Every impression is clicked: the rate is 1 whatever the lengths, and nothing is unsure about it."""
    lengths = np.arange(200) % 3 + 1
    frame = impressions_of(np.zeros((200, 3), dtype=int), np.ones((200, 3)), 1.0, lengths)
    found = whole_lists(Shown(frame), np.ones(frame.height)).estimate(FREE)
    assert found.value == pytest.approx(1)
    assert found.standard_error == pytest.approx(0, abs=1e-12)


def test_what_is_part_of_no_list_is_left_out(shown):
    frame = shown.frame.with_columns(
        pl.when(pl.col("user_id") == "u0").then(None).otherwise("impression_id").alias("impression_id"),
        pl.when((pl.col("user_id") == "u2") & (pl.col("position") == 2))
        .then(None)
        .otherwise("position")
        .alias("position"),
    )
    assert whole_lists(Shown(frame), np.ones(6)).lengths.tolist() == [1, 2]
    twice = shown.frame.with_columns(position=pl.lit(1))
    assert whole_lists(Shown(twice), np.ones(6)).lengths.tolist() == [1]


def test_a_list_with_an_empty_position_is_left_out_and_an_item_never_shown_is_lacking(shown):
    has_choice = np.array([True, True, True, True, True, False])
    is_lacking = np.array([False, True, False, False, False, False])
    found = whole_lists(shown, np.ones(6), is_lacking, has_choice)
    assert found.lengths.tolist() == [2, 1]
    assert found.rows.unsupported.tolist() == [1, 0]


def test_one_propensity_that_is_none_spoils_its_list_only(shown):
    frame = shown.frame.with_columns(propensity=pl.Series([1.5, 0.5, 0.25, 0.2, 0.2, 0.2]))
    rows = whole_lists(Shown(frame), np.ones(6)).rows
    assert np.isnan(rows.propensities).tolist() == [True, False, False]


def test_reasons_why_there_are_none(shown):
    assert whole_lists(Shown(shown.frame, given_list_above=False), np.ones(6)) == NOT_GIVEN_ABOVE
    assert whole_lists(Shown(shown.frame.with_columns(impression_id=pl.lit(None, pl.Utf8))), np.ones(6)) == NO_PLACES
    assert whole_lists(shown, np.ones(6), has_choice=np.zeros(6, dtype=bool)) == NO_CHOICES


class TestWorldWhereNeighboursMatter:
    """Lists of one to three of six items, drawn by weight; an item below one of its kind is clicked half as often."""

    attraction = np.random.default_rng(1).uniform(0.1, 0.5, N_ITEMS)
    weights = 0.3 * np.random.default_rng(3).normal(size=N_ITEMS).astype(np.float32)

    def click_rates(self, items: np.ndarray) -> np.ndarray:
        rates = self.attraction[items] * np.array([1, 0.6, 0.3])
        rates[:, 1:] *= np.where(items[:, 1:] % 2 == items[:, :-1] % 2, 0.5, 1)
        return rates

    @property
    def value(self) -> float:
        """Of lists drawn evenly; one in three ends after each position."""
        every = np.array(list(permutations(range(N_ITEMS), LENGTH)))
        return float(self.click_rates(every).mean(axis=0) @ [1, 2 / 3, 1 / 3] / 2)

    def log(self, n: int, seed: int, impressions_of) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        items, propensities = draw_lists(np.tile(self.weights, (n, 1)), LENGTH, 1.0, rng)
        clicks = rng.random(items.shape) < self.click_rates(items)
        return impressions_of(items, clicks, propensities, rng.integers(1, LENGTH + 1, size=n))

    def test_the_table_holds_the_value_where_single_positions_miss_it(self, impressions_of, lists_of):
        log = self.log(20_000, 0, impressions_of)
        found = value_policies(log, lists_of(np.array([[0]])), Limits())
        row = found.row(by_predicate=(pl.col("policy") == "uniform") & (pl.col("estimator") == "slate_ips"), named=True)
        assert row["ci_low"] < self.value < row["ci_high"]
        assert row["ci_high"] - row["ci_low"] < 0.1 * self.value
        assert (row["n_impressions"], row["n_clicks"]) == (log.height, log["is_clicked"].sum())

    def test_intervals_cover_the_value(self, impressions_of):
        made = [uniform(Shown(self.log(800, seed, impressions_of))).lists.estimate(Limits()) for seed in range(300)]
        assert 0.93 <= np.mean([one.ci_low <= self.value <= one.ci_high for one in made]) <= 0.97

    def test_a_fixed_list_is_found(self, impressions_of, lists_of):
        """Everyone gets items 4, 2, 1, or as much of it as was shown."""
        best = np.array([[4, 2, 1]])
        found = value_policies(self.log(20_000, 1, impressions_of), lists_of(np.tile(best, (20_000, 1))), Limits())
        row = found.row(
            by_predicate=(pl.col("policy") == "recommendations") & (pl.col("estimator") == "slate_ips"), named=True
        )
        truth = float(self.click_rates(best)[0] @ [1, 2 / 3, 1 / 3] / 2)
        assert row["ci_low"] < truth < row["ci_high"]
        assert row["unsupported_share"] == 0
