"""Exposures: by hand, an item at another position, what cannot be said, and that the truth is found."""

import numpy as np
import polars as pl
import pytest

from models.evaluation.off_policy.earlier_lists import NO_LISTS
from models.evaluation.off_policy.exposures import (
    GIVEN_ABOVE,
    NO_CLICKS,
    NO_POSITIONS,
    recommended_exposure,
    uniform_exposure,
)
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.policies import recommendations, uniform
from models.evaluation.off_policy.policy_values import value_policies
from models.evaluation.off_policy.shown import Shown
from models.evaluation.off_policy.slates import LoggedSlates, independent_ips

FREE = Limits(min_effective_sample=0, min_effective_rewards=0, max_missing_mass=0.99)


@pytest.fixture
def log(impressions_of) -> pl.DataFrame:
    """Two users see items 0 and 1, the third item 1 alone; the rate at the second position is 3/4 of the first's."""
    items, clicks = np.array([[0, 1], [0, 1], [1, 0]]), np.array([[1, 1], [0, 0], [1, 0]])
    return impressions_of(items, clicks, 0.5, np.array([2, 2, 1]))


def shown(frame: pl.DataFrame) -> Shown:
    return Shown(frame, given_list_above=False)


def row(found: pl.DataFrame, policy: str, estimator: str = "position_based") -> dict:
    return found.row(by_predicate=(pl.col("policy") == policy) & (pl.col("estimator") == estimator), named=True)


class TestByHand:
    def test_uniform(self, log):
        found = uniform_exposure(shown(log))
        # Examination 1 and 3/4; of 5 impressions 2 show item 0 at 1, 1 item 1 at 1, 2 item 1 at 2.
        zero, one, even = 2 / 5, 1 / 5 + 2 / 5 * 3 / 4, (3 / 5 + 2 / 5 * 3 / 4) / 2
        assert found.examination == pytest.approx([1, 3 / 4, 1, 3 / 4, 1])
        assert found.rows.propensities == pytest.approx([zero, one, zero, one, one])
        assert found.rows.probabilities == pytest.approx([even] * 5)
        assert found.estimate(FREE).value == pytest.approx((even / zero + 2 * even / one) / 5)
        assert found.estimate(FREE).overlap.mean_weight == pytest.approx(1)

    def test_an_item_counts_wherever_it_stands_in_the_list(self, log, lists_of):
        made = lists_of(np.array([[1, 0], [1, 0], [0, 1]]))
        found = recommended_exposure(shown(log), made)
        first, second = 3 / 5, 2 / 5 * 3 / 4
        assert found.rows.probabilities == pytest.approx([second, first, second, first, second])
        assert not recommendations(shown(log), made).rows.probabilities.any(), "no item stands where the list has it"

    def test_an_item_that_comes_twice_is_seen_at_both_positions(self, log, lists_of):
        found = recommended_exposure(shown(log), lists_of(np.array([[1, 1], [1, 1], [1, 1]])))
        both = 3 / 5 + 2 / 5 * 3 / 4
        assert found.rows.probabilities == pytest.approx([0, both, 0, both, both])

    def test_a_short_list_is_compared_with_the_upper_part_of_the_log(self, log, lists_of):
        made = lists_of(np.array([[0, 1], [1, 0]])).filter((pl.col("user_id") == "u0") | (pl.col("rank") == 1))
        found = recommended_exposure(shown(log), made)
        # u2 has no list; of u1 the second position is beyond the end. Four impressions count, two at each position.
        assert found.n_impressions == 3
        assert found.rows.propensities == pytest.approx([2 / 4, 2 / 4 * 3 / 4, 2 / 4])
        assert found.rows.probabilities == pytest.approx([2 / 4, 2 / 4 * 3 / 4, 0])
        # Item 1, all of u1's list, was logged at the second position only.
        assert found.rows.unsupported.tolist() == [0, 0, 1]

    def test_the_share_of_the_exposure_on_items_never_shown(self, log, lists_of):
        found = recommended_exposure(shown(log), lists_of(np.array([[0, 9], [9, 0], [8, 9]])))
        first, second = 3 / 5, 2 / 5 * 3 / 4
        share = second / (first + second)
        assert found.rows.unsupported == pytest.approx([share, share, 1 - share, 1 - share, 1])

    def test_a_position_without_clicks_is_not_looked_at(self, log):
        frame = log.with_columns(is_clicked=pl.col("is_clicked") & (pl.col("position") == 1))
        found = uniform_exposure(shown(frame))
        assert found.examination.tolist() == [1, 0, 1, 0, 1]
        # At the first position each item is clicked once: item 0 in 2 impressions, item 1 in 1.
        estimate = found.estimate(FREE)
        assert estimate.value == pytest.approx((1 / 2 + 1) / 2 * 3 / 5)
        assert estimate.overlap.mean_weight == pytest.approx(1)


class TestReasons:
    def test_where_chances_are_given_the_items_above(self, log, lists_of):
        assert (
            uniform_exposure(Shown(log)) == recommended_exposure(Shown(log), lists_of(np.array([[0]]))) == GIVEN_ABOVE
        )

    def test_without_positions(self, log):
        assert uniform_exposure(shown(log.with_columns(position=pl.lit(None, pl.Int32)))) == NO_POSITIONS
        some = log.with_columns(pl.when(pl.col("user_id") != "u0").then("position").alias("position"))
        assert uniform_exposure(shown(some)).n_impressions == 3

    def test_without_clicks_at_the_first_position(self, log):
        frame = log.with_columns(is_clicked=pl.col("is_clicked") & (pl.col("position") == 2))
        assert uniform_exposure(shown(frame)) == NO_CLICKS

    def test_without_earlier_lists(self, log, lists_of):
        late = lists_of(np.array([[0, 1]])).with_columns(pl.col("as_of_day") + pl.duration(days=1))
        assert recommended_exposure(shown(log), late) == NO_LISTS

    @pytest.mark.parametrize("bad", [0.0, float("nan"), 1.5])
    def test_a_propensity_that_is_none(self, log, bad):
        frame = log.with_columns(propensity=pl.Series([bad, *[0.5] * 4]))
        reason = "1 of 5 propensities are missing or not in (0, 1]"
        assert uniform_exposure(shown(frame)).estimate(FREE).refused_because == reason


class TestWorldOfExaminedPositions:
    """Independent positions; each user's list is drawn from the evaluation policy."""

    def log(self, world, n, seed, impressions_of) -> pl.DataFrame:
        items, clicks = world.draw_clicks(n, seed)
        return impressions_of(items, clicks, world.mu[np.arange(3), items])

    def test_the_table_holds_the_values(self, list_world, impressions_of, lists_of):
        world, n = list_world(), 20_000
        log = self.log(world, n, 0, impressions_of)
        found = value_policies(log, lists_of(world.draw_lists(n, 1)), Limits(), given_list_above=False)
        even = world.examination.mean() * world.attraction.mean()
        for policy, truth in (("uniform", even), ("recommendations", world.value / 3)):
            judged, single = row(found, policy), row(found, policy, "ips")
            assert judged["ci_low"] < truth < judged["ci_high"]
            assert single["ci_low"] < truth < single["ci_high"]
            assert (judged["n_impressions"], judged["n_clicks"]) == (3 * n, log["is_clicked"].sum())
        # A list agrees with the log at one position in five; anywhere else its items count as well.
        assert judged["standard_error"] < 0.8 * single["standard_error"]

    def test_intervals_cover_the_values(self, list_world, impressions_of, lists_of):
        world, n, held = list_world(), 800, {"uniform": [], "recommendations": []}
        truths = {"uniform": world.examination.mean() * world.attraction.mean(), "recommendations": world.value / 3}
        for seed in range(300):
            rows = shown(self.log(world, n, seed, impressions_of))
            lists = lists_of(world.draw_lists(n, 10_000 + seed))
            judged = {"uniform": uniform_exposure(rows), "recommendations": recommended_exposure(rows, lists)}
            for policy, exposed in judged.items():
                found = exposed.estimate(Limits())
                held[policy].append(found.ci_low <= truths[policy] <= found.ci_high)
        for policy, covered in held.items():
            assert 0.93 <= np.mean(covered) <= 0.97, policy

    def test_positions_shown_more_often_count_for_more(self, list_world, impressions_of, lists_of):
        """Half of the lists end after one position."""
        world, n = list_world(), 20_000
        items, clicks = world.draw_clicks(n, 2)
        log = impressions_of(items, clicks, world.mu[np.arange(3), items], 1 + 2 * (np.arange(n) % 2))
        by_position = world.examination * (world.pi @ world.attraction)
        truth = by_position @ [1, 1 / 2, 1 / 2] / 2
        found = row(value_policies(log, lists_of(world.draw_lists(n, 3)), Limits(), False), "recommendations")
        assert found["ci_low"] < truth < found["ci_high"]
        assert truth > 1.1 * world.value / 3, "or equal counts would have done"

    def test_a_log_and_lists_of_the_same_taste_are_refused(self, list_world, impressions_of, lists_of):
        """Frequencies cannot stand for a log that looks at the user as the lists do."""
        n, rng = 4000, np.random.default_rng(0)
        own, taste = np.arange(n) % 2, np.array([[0.35, 0.3, 0.15, 0.1, 0.1], [0.1, 0.1, 0.15, 0.3, 0.35]])
        items = (rng.random((n, 3))[..., None] > taste[own].cumsum(axis=1)[:, None]).sum(axis=2)
        clicks = rng.random((n, 3)) < list_world().examination * list_world().attraction[items]
        log = impressions_of(items, clicks, taste[own[:, None], items])
        found = value_policies(log, lists_of(np.array([[0, 1, 2], [4, 3, 2]])[own]), Limits(), False)
        assert row(found, "recommendations")["refused_because"].endswith("propensities are not those of the log")
        even = list_world().examination.mean() * list_world().attraction.mean()
        assert row(found, "uniform")["ci_low"] < even < row(found, "uniform")["ci_high"], "appeal is everyone's"

    def test_independent_ips_is_ips_of_impressions(self, list_world, impressions_of, lists_of):
        """Where chances are at the position, so that the table needs no row for it."""
        world, n = list_world(), 500
        items, clicks = world.draw_clicks(n, 4)
        propensities = world.mu[np.arange(3), items]
        lists = independent_ips(LoggedSlates(clicks, propensities, np.full(items.shape, 1 / 5)))
        log = impressions_of(items, clicks, propensities)
        assert uniform(shown(log)).rows.probabilities == pytest.approx(1 / 5)
        single = row(value_policies(log, lists_of(items[:0]), Limits(), False), "uniform", "ips")
        assert lists.value / 3 == pytest.approx(single["value"])
        assert lists.standard_error / 3 == pytest.approx(single["standard_error"])
