from datetime import date, datetime, timedelta

import polars as pl
import pytest

DAY = date(2026, 3, 1)
RAW_EVENTS = {
    "event_id": pl.String(),
    "user_id": pl.String(),
    "event_type": pl.String(),
    "event_at": pl.Datetime("us"),
    "event_day": pl.Date(),
    "position": pl.Int32(),
    "propensity": pl.Float64(),
    "query": pl.String(),
    "source_file": pl.String(),
    "source_line": pl.Int64(),
    "source_day": pl.Date(),
}


@pytest.fixture
def raw_events() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_id": [f"e{n}" for n in range(20)],
            "user_id": [f"u{n % 5}" if n % 4 else None for n in range(20)],
            "event_type": ["click", "impression"] * 10,
            "event_at": [datetime(2026, 3, 1, 8) + timedelta(minutes=n) for n in range(20)],
            "event_day": [DAY] * 20,
            "position": [None, 3] * 10,
            "propensity": [None, 0.5] * 10,
            "query": [None] * 20,
            "source_file": ["a.jsonl"] * 20,
            "source_line": range(1, 21),
            "source_day": [DAY] * 20,
        },
        schema=RAW_EVENTS,
    )


@pytest.fixture
def item_profiles() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "as_of_day": [DAY] * 4,
            "item_id": [f"i{n}" for n in range(4)],
            "prompt_version": ["extractive-1"] * 4,
            "backend": ["extractive"] * 4,
            "input_digest": [f"{n:064x}" for n in range(4)],
            "profile": ["{}"] * 4,
            "summary": [f"Item {n}." for n in range(4)],
            "price_band": ["unknown", "low", "middle", "high"],
            "days_available": [None, 0, 5, 900],
            "n_tokens_in": [0, 1, 2, 3],
            "n_tokens_out": [1, 1, 2, 3],
        }
    )


@pytest.fixture
def user_profiles(item_profiles) -> pl.DataFrame:
    return item_profiles.rename({"item_id": "user_id"}).with_columns(
        price_attitude=pl.Series(["unknown", "thrifty", "average", "premium"]),
        novelty_attitude=pl.Series(["unknown", "familiar", "balanced", "adventurous"]),
        n_events=pl.Series([1, 2, 3, 4]),
    )


@pytest.fixture
def recommendations() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "as_of_day": [DAY] * 6,
            "user_id": ["u1"] * 3 + ["u2"] * 3,
            "rank": [1, 2, 3] * 2,
            "item_id": ["a", "b", "c"] * 2,
            "score": [0.3, 0.2, -0.1] * 2,
            "source": ["ease", "ease", "sasrec"] * 2,
            "is_seen": [False] * 6,
            "is_available": [True] * 6,
        }
    )
