"""Policies on a handful of impressions worked out by hand, and on simulated lists whose value is known."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.evaluation.off_policy.earlier_lists import LISTS
from models.evaluation.off_policy.inverse_propensity import ips
from models.evaluation.off_policy.policies import recommendations, uniform
from models.evaluation.off_policy.shown import IMPRESSIONS, Shown
from models.simulation.policy import draw_lists

DAY = dt.date(2025, 3, 5)


def impressions(rows) -> pl.DataFrame:
    """Rows of (days after DAY, user, item, list, position, propensity, clicked)."""
    dated = [(DAY + dt.timedelta(days=row[0]), *row[1:]) for row in rows]
    return pl.DataFrame(dated, schema=IMPRESSIONS, orient="row")


def lists(rows) -> pl.DataFrame:
    """Rows of (days after DAY, user, items in order, one letter each)."""
    places = [
        (DAY + dt.timedelta(days=n), user, rank, item) for n, user, items in rows for rank, item in enumerate(items, 1)
    ]
    return pl.DataFrame(places, schema=LISTS, orient="row")


@pytest.fixture
def log() -> pl.DataFrame:
    """Two lists of user u, one of v, one impression without a list, items a to d."""
    return impressions(
        [
            (0, "u", "a", "l1", 1, 0.5, True),
            (0, "u", "b", "l1", 2, 0.5, False),
            (0, "u", "c", "l1", 3, 0.5, False),
            (1, "u", "a", "l2", 1, 0.5, False),
            (1, "u", "a", "l2", 2, 0.5, False),
            (1, "v", "d", "l1", 1, 0.5, True),
            (1, "v", "b", None, 2, 0.5, False),
            (1, None, "b", None, None, 0.5, False),
        ]
    )


class TestUniform:
    def test_each_item_not_above_is_as_likely(self, log):
        rows = uniform(Shown(log)).rows
        # Four items; the second row of l2 shows what stands above it, which this policy never does.
        assert rows.probabilities == pytest.approx([1 / 4, 1 / 3, 1 / 2, 1 / 4, 0, 1 / 4, 1 / 4, 1 / 4])
        assert np.unique(rows.groups).size == 3
        # A list's chances multiply; the last two rows are part of none.
        lists = uniform(Shown(log)).lists.rows
        assert lists.probabilities == pytest.approx([1 / 24, 0, 1 / 4])
        assert lists.propensities.tolist() == [1 / 8, 1 / 4, 1 / 2]

    def test_or_each_item_whatever_stands_above(self, log):
        assert uniform(Shown(log, given_list_above=False)).rows.probabilities.tolist() == [1 / 4] * 8

    @pytest.mark.parametrize("given_list_above", [True, False])
    def test_expected_clicks_agree_with_a_loop(self, log, given_list_above):
        shown = Shown(log, given_list_above)
        model = shown.rates
        above = [[], [0], [0, 1], [], [0], [], [], []] if given_list_above else [[]] * 8
        expected = [
            np.mean(
                [
                    model.rates[model.folds[row], shown.positions[row], item]
                    for item in range(4)
                    if item not in above[row]
                ]
            )
            for row in range(8)
        ]
        found = uniform(shown)
        assert found.expected == pytest.approx(expected)
        assert found.predicted == pytest.approx(
            [model.rates[model.folds[i], shown.positions[i], shown.items[i]] for i in range(8)]
        )
        assert (model.rates[:, :, -1] > 0).all()

    def test_the_value_of_simulated_lists_is_found(self):
        """Lists of 4 of 12 items drawn by weight; a click takes an item that attracts at a position that is seen."""
        n, rng = 3000, np.random.default_rng(0)
        attraction, examination = rng.uniform(0.05, 0.6, 12), np.array([1, 0.7, 0.5, 0.4])
        items, propensities = draw_lists(np.tile(rng.normal(size=12).astype(np.float32), (n, 1)), 4, 1.0, rng)
        clicked = rng.random((n, 4)) < examination * attraction[items]
        frame = pl.DataFrame(
            {
                "event_day": [DAY] * (4 * n),
                "user_id": np.repeat(np.arange(n), 4).astype(str),
                "item_id": [f"i{item:02}" for item in items.ravel()],
                "impression_id": ["list"] * (4 * n),
                "position": np.tile([1, 2, 3, 4], n),
                "propensity": propensities.ravel(),
                "is_clicked": clicked.ravel(),
            }
        )
        # One position at a time is drawn evenly from what does not stand above.
        truth = np.mean([examination[k] * np.delete(attraction, row[:k]).mean() for row in items for k in range(4)])
        found = ips(uniform(Shown(frame)).rows)
        assert abs(found.overlap.mean_weight - 1) < 4 * found.overlap.mean_weight_error
        assert found.ci_low < truth < found.ci_high
        assert found.standard_error < 0.05 * truth
        wrong = ips(uniform(Shown(frame, given_list_above=False)).rows)
        assert wrong.value is None and "weights average 0.8" in wrong.refused_because


class TestRecommendations:
    def test_rows_and_what_could_not_be_logged(self, log):
        made = lists([(-1, "u", "axb"), (0, "u", "bab"), (0, "v", "d")])
        found = recommendations(Shown(log), made)
        # Day 0 wants a, x (never shown), b (stands above); day 1 wants b, a (stands above); v gets d, and no second place.
        assert found.rows.probabilities.tolist() == [1, 0, 0, 0, 1, 1]
        assert found.rows.unsupported.tolist() == [0, 1, 1, 0, 1, 0]
        assert found.rows.rewards.tolist() == [1, 0, 0, 0, 0, 1]
        assert found.expected[[0, 5]] == pytest.approx(found.predicted[[0, 5]])
        assert recommendations(Shown(log, given_list_above=False), made).rows.unsupported.tolist() == [0, 1, 0, 0, 0, 0]

    def test_in_whole_lists_only_what_was_never_shown_is_lacking(self, log):
        found = recommendations(Shown(log), lists([(-1, "u", "abc"), (0, "u", "ba"), (0, "v", "x")])).lists.rows
        # a stands above b in the second logged list, and the policy has b first: its own list could be logged.
        assert found.probabilities.tolist() == [1, 0, 0]
        assert found.unsupported.tolist() == [0, 0, 1]
        shorter = recommendations(Shown(log), lists([(-1, "u", "ab"), (0, "u", "aa")])).lists
        assert shorter.lengths.tolist() == [2] and shorter.rows.probabilities.tolist() == [1]

    def test_without_lists_there_are_no_rows(self, log):
        assert len(recommendations(Shown(log), lists([])).rows.rewards) == 0
