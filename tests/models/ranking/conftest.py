"""A small shop with every table the features read."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.ranking.candidates import merge_candidates
from models.ranking.context import FeatureContext

AS_OF = date(2026, 3, 31)


def day(age: int) -> date:
    return AS_OF - timedelta(days=age)


@pytest.fixture
def items() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["A", "B", "C", "D"],
            "category": ["Home > Lamps", "Home > Rugs", "Toys > Cars", None],
            "brand": ["x", "y", "x", None],
            "price": [10.0, 20.0, 40.0, None],
            "available_from": [datetime(2026, 3, 1, 12), None, None, None],
            "withdrawn_at": pl.Series([None] * 4, dtype=pl.Datetime("us")),
            "first_seen_on": [day(40), day(40), day(10), day(0)],
        }
    )


def make_interactions(rows: list[tuple[str, str, int, float, float | None]]) -> pl.DataFrame:
    """Rows of (user, item, age in days, weight, price)."""
    user, item, age, weight, price = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "user_id": user,
            "item_id": item,
            "event_day": [day(value) for value in age],
            "event_id": [f"e{number:04d}" for number in range(len(rows))],
            "event_at": [datetime.combine(day(value), datetime.min.time()) for value in age],
            "weight": weight,
            "price": price,
        },
        schema_overrides={"weight": pl.Float64, "price": pl.Float64},
    )


@pytest.fixture
def interaction_rows():
    return make_interactions


@pytest.fixture
def interactions() -> pl.DataFrame:
    return make_interactions(
        [("u", "a", 14, 1.0, 12.0), ("u", "b", 0, 1.0, None), ("u", "c", 28, 4.0, None), ("v", "a", 1, 5.0, None)]
    )


@pytest.fixture
def item_daily() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": ["a", "a", "a", "a", "b"],
            "event_day": [day(0), day(6), day(7), day(28), day(27)],
            "n_impressions": [4, 0, 6, 100, 0],
            "n_interactions": [1, 2, 2, 8, 3],
        }
    )


@pytest.fixture
def user_daily() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": ["u", "u", "u", "v"],
            "event_day": [day(0), day(7), day(30), day(5)],
            "n_interactions": [0, 3, 5, 0],
        }
    )


@pytest.fixture
def context(interactions, items, item_daily, user_daily) -> FeatureContext:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    return FeatureContext(AS_OF, interactions, items, item_daily, user_daily, (["a", "b", "c"], vectors))


@pytest.fixture
def candidates() -> pl.DataFrame:
    pairs = [("u", "a"), ("u", "c"), ("v", "b"), ("w", "d"), ("u", "b")]
    return merge_candidates(
        pl.DataFrame(
            {
                "user_id": [user for user, _ in pairs],
                "item_id": [item for _, item in pairs],
                "source": ["ease", "ease", "ease", "sasrec", "sasrec"],
                "source_rank": [1, 4, 1, 2, 1],
                "source_score": [3.0, 2.0, 1.0, 0.5, 0.7],
            }
        )
    )
