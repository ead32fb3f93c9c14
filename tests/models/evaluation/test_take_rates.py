import math

import numpy as np
import polars as pl
import pytest

from models.evaluation.take_rates import RATES_SCHEMA, order_within_lists, share_of, take_rates

LISTS = pl.DataFrame(
    [
        ("a", 1, "x", 3.0),
        ("a", 2, "y", 1.0),
        ("b", 1, "y", 9.0),
        ("b", 2, "z", 8.0),
        ("c", 1, "x", 2.0),
        ("c", 2, "z", 0.0),
    ],
    schema=["user_id", "rank", "item_id", "score"],
    orient="row",
)
TAKEN = pl.DataFrame({"user_id": ["a", "b", "b", "d"], "item_id": ["x", "z", "z", "x"]})


def wilson(p: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """By the roots of `(p - q)^2 = z^2 q (1 - q) / n`."""
    roots = np.roots([1 + z**2 / n, -(2 * p + z**2 / n), p**2])
    return float(roots.min()), float(roots.max())


def test_rates_by_place():
    rows = take_rates(LISTS, TAKEN).filter(pl.col("by") == "rank")
    assert rows.select("bin", "n_shown", "n_taken", "rate").rows() == [(1, 3, 1, 1 / 3), (2, 3, 1, 1 / 3)]
    assert rows.schema == RATES_SCHEMA


def test_rates_by_score_go_from_low_to_high_over_all_users():
    rows = take_rates(LISTS, TAKEN, n_bins=3).filter(pl.col("by") == "score")
    assert rows.select("bin", "score_low", "score_high", "n_taken", "rate").rows() == [
        (1, 0.0, 1.0, 0, 0.0),
        (2, 2.0, 3.0, 1, 0.5),
        (3, 8.0, 9.0, 1, 0.5),
    ]


def test_equal_scores_are_never_parted():
    same = take_rates(LISTS.with_columns(score=pl.lit(1.0)), TAKEN).filter(pl.col("by") == "score")
    assert same.select("bin", "n_shown", "n_taken").rows() == [(1, 6, 2)]
    tied = LISTS.with_columns(score=pl.Series([1.0, 1.0, 1.0, 1.0, 2.0, 2.0]))
    rows = take_rates(tied, TAKEN, n_bins=6).filter(pl.col("by") == "score")
    assert rows.select("bin", "n_shown").rows() == [(1, 4), (2, 2)]


def test_row_order_changes_nothing():
    rng = np.random.default_rng(0)
    lists = pl.DataFrame(
        {
            "user_id": np.repeat([f"u{n}" for n in range(40)], 10),
            "rank": np.tile(np.arange(1, 11), 40),
            "item_id": [f"i{n}" for n in rng.integers(0, 900, 400)],
            "score": rng.integers(0, 30, 400).astype(float),
        }
    ).unique(["user_id", "item_id"], maintain_order=True)
    taken = lists.sample(60, seed=1)
    assert take_rates(lists.sample(fraction=1, shuffle=True, seed=2), taken).equals(take_rates(lists, taken))


def test_without_lists_there_are_no_rates():
    assert take_rates(LISTS.clear(), TAKEN).is_empty()
    assert math.isnan(order_within_lists(LISTS.clear(), TAKEN).value)


@pytest.mark.parametrize(
    ("lists", "n_bins", "words"),
    [
        (LISTS, 0, "n_bins is at least 1"),
        (LISTS.with_columns(score=pl.lit(None, pl.Float64)), 5, "has no score"),
        (LISTS.with_columns(score=pl.lit(float("nan"))), 5, "has no score"),
    ],
)
def test_what_makes_no_sense_is_refused(lists, n_bins, words):
    with pytest.raises(ValueError, match=words):
        take_rates(lists, TAKEN, n_bins)


def test_order_within_lists_is_that_of_each_user():
    found = order_within_lists(LISTS, TAKEN)
    assert (found.value, found.n_users, found.n_left_out) == (0.5, 2, 1)  # a: right, b: wrong, c took nothing


def test_one_row_a_user_is_wilsons_interval_of_one_user_less():
    taken = np.array([1] * 12 + [0] * 48)
    found = share_of(taken, np.ones(60))
    assert found.mean == 0.2
    assert (found.low, found.high) == pytest.approx(wilson(0.2, 59))


def test_rows_that_stand_and_fall_together_count_as_one():
    """Ten rows of each user, all taken or none: no more is known than of the users themselves."""
    users = np.array([1] * 12 + [0] * 48)
    many, one = share_of(users * 10, np.full(60, 10)), share_of(users, np.ones(60))
    assert many == pytest.approx(one)


def test_nothing_taken_is_not_known_for_certain():
    found = share_of(np.zeros(50), np.full(50, 4))
    assert (found.mean, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(wilson(0.0, 50)[1])
    sure = share_of(np.full(50, 4), np.full(50, 4))
    assert (sure.mean, sure.high) == (1.0, 1.0) and sure.low == pytest.approx(1 - found.high)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Users differ in taste (a beta distribution), so their rows agree; intervals of rows alone hold it 86 %."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(600):
        shown = rng.integers(1, 11, 200)
        taken = rng.binomial(shown, rng.beta(0.5, 4.5, 200))
        found = share_of(taken, shown)
        held += found.low <= 0.1 <= found.high
    assert 0.92 <= held / 600 <= 0.98


def test_a_share_needs_a_user():
    with pytest.raises(ValueError, match="at least one user"):
        share_of(np.array([]), np.array([]))
