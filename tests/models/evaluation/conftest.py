"""A small window: what users took before and after the as-of day, and the catalogue."""

from datetime import date, timedelta

import polars as pl
import pytest

AS_OF = date(2026, 3, 31)


def make_interactions(rows: list[tuple[str, str, int]]) -> pl.DataFrame:
    """Rows of (user, item, days after the as-of day)."""
    return pl.DataFrame(
        [(user, item, AS_OF + timedelta(days=days), 1.0) for user, item, days in rows],
        schema={"user_id": pl.String, "item_id": pl.String, "event_day": pl.Date, "weight": pl.Float64},
        orient="row",
    )


def make_list(**lists: str) -> pl.DataFrame:
    """Users and their items, one letter each, best first."""
    rows = [(user, place, item) for user, items in lists.items() for place, item in enumerate(items, 1)]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String}, orient="row")


@pytest.fixture
def before() -> pl.DataFrame:
    return make_interactions([("u", "a", 0), ("u", "b", -30), ("v", "a", -3), ("w", "c", -10), ("w", "c", -9)])


@pytest.fixture
def after() -> pl.DataFrame:
    return make_interactions(
        [("u", "a", 1), ("u", "c", 2), ("v", "b", 1), ("v", "b", 2), ("v", "n", 2), ("w", "c", 1), ("cold", "a", 1)]
    )


@pytest.fixture
def items() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d", "gone", "n"],
            "first_seen_on": [AS_OF - timedelta(days=40)] * 5 + [AS_OF + timedelta(days=1)],
            "is_available": [True, True, True, True, False, True],
        }
    )


@pytest.fixture
def as_of() -> date:
    return AS_OF


@pytest.fixture(name="make_list")
def make_list_fixture():
    return make_list


@pytest.fixture
def interaction_rows():
    return make_interactions
