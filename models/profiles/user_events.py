"""Interactions as profiles weigh them: up to the day, in order, the older ones counting less."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from models.profiles.config import UserExtraction

UNITS = 2**30


def exact(column: str) -> pl.Expr:
    """A weight or mass in whole units, whose sums are the same in whatever order they are added.

    Sums of floats differ in their last digit with the order, which threads decide: a share that rounds to .13 in one
    run and to .12 in the next would be another prompt, and be paid for again.
    """
    return (pl.col(column) * UNITS).round().cast(pl.Int64)


def weighed_events(interactions: pl.DataFrame, as_of_day: date, config: UserExtraction) -> pl.DataFrame:
    """Interactions up to the day, in (user, time, event id) order, with what they weigh.

    Ages are counted from each user's own last event, not from the as-of day: shares of mass come out the same, and the
    profile of a user who did nothing does not change from night to night.

    Args:
        interactions: `user_id, item_id, event_day, event_id, event_at, weight` and any other columns.
        as_of_day: Last day seen.
        config: Half-life, and the days that are current.

    Returns:
        The rows with a weight, with `mass`, the weight that is left after decay, and `is_current`.
    """
    age = (pl.col("event_day").max().over("user_id") - pl.col("event_day")).dt.total_days()
    return (
        interactions.filter((pl.col("event_day") <= as_of_day) & (pl.col("weight") > 0))
        .sort("user_id", "event_at", "event_id")
        .with_columns(
            mass=pl.col("weight") * pl.lit(0.5).pow(age / config.half_life_days),
            is_current=pl.col("event_day") > as_of_day - timedelta(days=config.current_days),
        )
    )
