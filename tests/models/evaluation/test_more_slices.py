import datetime as dt

import polars as pl
import pytest

from models.evaluation.more_slices import (
    REST,
    behaviour_slices,
    column_slices,
    item_slices,
    largest,
    terciles,
)

AS_OF = dt.date(2026, 3, 31)


def past(*rows: tuple[str, str, int, int, float | None]) -> pl.DataFrame:
    """Rows of (user, item, days before the as-of day, hour, price)."""
    found = [
        (user, item, AS_OF - dt.timedelta(days=ago), dt.datetime.combine(AS_OF, dt.time(hour)), price)
        for user, item, ago, hour, price in rows
    ]
    schema = {
        "user_id": pl.Utf8,
        "item_id": pl.Utf8,
        "event_day": pl.Date,
        "event_at": pl.Datetime,
        "price": pl.Float64,
    }
    return pl.DataFrame(found, schema=schema, orient="row")


def catalogue(**categories: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": list(categories),
            "category": list(categories.values()),
            "price": [float(n) for n in range(len(categories))],
            "first_seen_on": [AS_OF - dt.timedelta(days=10 * n) for n in range(len(categories))],
        },
        schema_overrides={"item_id": pl.Utf8, "category": pl.Utf8, "first_seen_on": pl.Date},
    )


def groups(frame: pl.DataFrame, name: str) -> dict[str, str]:
    key = frame.columns[0]
    rows = frame.filter(pl.col("slice").str.starts_with(f"{name}="))
    found = {row[0]: row[1].removeprefix(f"{name}=") for row in rows.select(key, "slice").iter_rows()}
    assert len(found) == rows.height, "nobody is in two groups of a name"
    return found


def test_users_by_their_past():
    rows = past(
        ("new", "lamp", 0, 5, 1.0),
        ("week", "lamp", 7, 6, 2.0),
        ("week", "desk", 9, 18, 4.0),
        ("old", "desk", 28, 23, 9.0),
        ("old", "desk", 40, 12, None),
        ("old", "chair", 41, 12, 9.0),
        ("stranger", "lamp", 1, 1, 1.0),
    )
    items = catalogue(lamp="light", desk="wood", chair=None)
    found = behaviour_slices(pl.Series(["new", "week", "old", "nobody"]), rows, items, AS_OF)
    assert groups(found, "recency") == {"new": "last_7_days", "week": "7_to_27_days", "old": "28_days_or_more"}
    assert groups(found, "user_hour") == {"new": "night", "week": "morning", "old": "afternoon"}
    assert groups(found, "user_price") == {"new": "low", "week": "medium", "old": "high"}
    assert groups(found, "user_category") == {"new": "light", "week": "light", "old": "wood"}


def test_items_by_what_they_are():
    items = catalogue(a="x", b="x", c="y", d=None)
    rows = past(*[("u", "a", 0, 0, None)] * 5, *[("u", "b", 0, 0, None)] * 4, ("u", "c", 0, 0, None))
    found = item_slices(items, rows, AS_OF)
    # a has 5 of 10, so b begins where half is reached; before c there are 9 of 10.
    assert groups(found, "item_popularity") == {"a": "head", "b": "middle", "c": "tail", "d": "untouched"}
    assert groups(found, "item_age") == {
        "a": "under_7_days",
        "b": "7_to_27_days",
        "c": "7_to_27_days",
        "d": "28_days_or_more",
    }
    assert groups(found, "item_category") == {"a": "x", "b": "x", "c": "y"}
    assert groups(found, "item_price") == {"a": "low", "b": "low", "c": "medium", "d": "high"}


def test_any_column():
    country = pl.DataFrame({"user_id": ["u", "v", "v", "w"], "country": ["FR", "UK", "DE", None]})
    age = pl.DataFrame({"user_id": ["u", "v", "w"], "age": [20, 40, 60]})
    found = column_slices({"country": country, "age": age})
    assert groups(found, "country") == {"u": "FR", "v": "DE"}
    assert groups(found, "age") == {"u": "low", "v": "medium", "w": "high"}
    assert column_slices({}).is_empty()


def test_equal_values_stay_together():
    frame = pl.DataFrame({"id": ["a", "b", "c", "d"], "value": [1.0, 1.0, 1.0, None]})
    assert terciles(frame).rows() == [("a", "low"), ("b", "low"), ("c", "low")]


def test_small_groups_stay_together():
    frame = pl.DataFrame({"id": list("abcde"), "group": ["x", "x", "z", "y", "w"]})
    assert largest(frame, 2)["group"].to_list() == ["x", "x", REST, REST, "w"]


@pytest.mark.parametrize("n_users", [0, 1])
def test_nobody_and_nothing(n_users):
    rows = past(*[("u", "a", 0, 0, None)] * n_users)
    users = pl.Series(["u"] * n_users, dtype=pl.Utf8)
    found = behaviour_slices(users, rows, catalogue(a=None), AS_OF)
    assert set(found["slice"]) == ({"recency=last_7_days", "user_hour=night"} if n_users else set())
    assert item_slices(catalogue(), rows, AS_OF).is_empty()
