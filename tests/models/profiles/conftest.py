from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import polars as pl
import pytest

AS_OF = date(2026, 3, 1)


def items_frame(rows: list[dict]) -> pl.DataFrame:
    """Rows of `core_items`; what a row leaves out is null, `first_seen_on` a hundred days before the as-of day."""
    schema = {
        "item_id": pl.String(),
        "title": pl.String(),
        "description": pl.String(),
        "category": pl.String(),
        "brand": pl.String(),
        "price": pl.Float64(),
        "available_from": pl.Datetime("us"),
        "withdrawn_at": pl.Datetime("us"),
        "first_seen_on": pl.Date(),
    }
    full = [dict.fromkeys(schema) | {"first_seen_on": AS_OF - timedelta(days=100)} | row for row in rows]
    return pl.DataFrame(full, schema=schema)


def interactions_frame(rows: list[tuple]) -> pl.DataFrame:
    """Rows of `core_interactions` from `(user, item, days before the as-of day, weight, price)`."""
    noon = datetime.combine(AS_OF, datetime.min.time()) + timedelta(hours=12)
    return pl.DataFrame(
        [
            {
                "user_id": user,
                "item_id": item,
                "event_day": (noon - timedelta(days=days)).date(),
                "event_id": f"e{position}",
                "event_at": noon - timedelta(days=days) + timedelta(seconds=position),
                "event_type": "click",
                "weight": weight,
                "value": None,
                "quantity": None,
                "price": price,
            }
            for position, (user, item, days, weight, price) in enumerate(rows)
        ],
        schema={
            "user_id": pl.String(),
            "item_id": pl.String(),
            "event_day": pl.Date(),
            "event_id": pl.String(),
            "event_at": pl.Datetime("us"),
            "event_type": pl.String(),
            "weight": pl.Float64(),
            "value": pl.Float64(),
            "quantity": pl.Float64(),
            "price": pl.Float64(),
        },
    )


@pytest.fixture
def as_of() -> date:
    return AS_OF


@pytest.fixture
def make_items():
    return items_frame


@pytest.fixture
def make_interactions():
    return interactions_frame


@pytest.fixture(scope="session")
def shop() -> tuple[pl.DataFrame, pl.DataFrame]:
    """A small catalogue and its interactions over 60 days."""
    rng = random.Random(3)
    looks = ["red", "brass", "linen", "walnut", "soft", "striped", "glazed", "oval", "woven", "small", "dark", "plain"]
    things = ["mug", "lamp", "rug", "vase", "bowl", "chair"]
    notes = [
        "For the kitchen and the garden table.",
        "A gift for every birthday party.",
        "It is easy to clean by hand.",
        "Holds warm tea well in winter.",
        "Made by a family workshop in the hills.",
        "Ships in a recycled paper box.",
        "The colour may fade in strong sunlight.",
        "Matches the dining set of last spring.",
    ]
    items = items_frame(
        [
            {
                "item_id": f"i{n}",
                "title": f"{rng.choice(looks)} {rng.choice(looks)} {(thing := rng.choice(things))}",
                "description": f"<p>{' '.join(rng.sample(notes, 3))}</p> A {rng.choice(looks)} {thing} to keep.",
                "category": f"Home > {thing} > {rng.choice('xy')}",
                "brand": f"Brand{rng.randrange(4)}",
                "price": round(rng.uniform(1, 90), 2),
                "first_seen_on": AS_OF - timedelta(days=rng.randrange(120)),
            }
            for n in range(60)
        ]
    )
    rows = [
        (f"u{rng.randrange(15)}", f"i{rng.randrange(62)}", rng.randrange(60), rng.choice([1.0, 3.0, 5.0]), None)
        for _ in range(600)
    ]
    return items, interactions_frame(rows)
