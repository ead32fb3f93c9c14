"""Of a user's lists, the newest from before an impression's day counts."""

import datetime as dt

import polars as pl
import pytest

from models.evaluation.off_policy.earlier_lists import LISTS, chosen_items, with_list_day

DAY = dt.date(2025, 3, 5)


def lists(rows) -> pl.DataFrame:
    """Rows of (days after DAY, user, items in order, one letter each)."""
    places = [
        (DAY + dt.timedelta(days=n), user, rank, item) for n, user, items in rows for rank, item in enumerate(items, 1)
    ]
    return pl.DataFrame(places, schema=LISTS, orient="row")


@pytest.fixture
def log() -> pl.DataFrame:
    """Of user u three positions on day 0 and two on day 1, of v one, one without a position, one without a user."""
    places = [
        (0, "u", 1),
        (0, "u", 2),
        (0, "u", 3),
        (1, "u", 1),
        (1, "u", 2),
        (1, "v", 1),
        (1, "v", None),
        (1, None, 1),
    ]
    return pl.DataFrame(
        [(DAY + dt.timedelta(days=day), user, position) for day, user, position in places],
        schema={"event_day": pl.Date, "user_id": pl.Utf8, "position": pl.Int64},
        orient="row",
    )


def test_lists_of_the_day_itself_or_later_do_not_count(log):
    made = lists([(-2, "u", "ab"), (-2, "v", "cd"), (0, "u", "ba"), (1, "u", "ddd")])
    # Of day 0, that of day -2; of day 1, that of day 0, which has none for v.
    assert chosen_items(log, made).to_list() == ["a", "b", None, "b", "a", None, None, None]
    assert chosen_items(log, lists([(1, "u", "abc")])).null_count() == 8


def test_the_day_of_the_lists_is_there_also_for_users_without_one(log):
    found = with_list_day(log, lists([(0, "w", "a"), (1, "w", "a")]))
    assert found["as_of_day"].to_list() == [None] * 3 + [DAY] * 5
    assert found.drop("as_of_day").equals(log)
