"""Slices of users that are worth a number of their own."""

from __future__ import annotations

from datetime import date

import polars as pl

ALL = "all"
TENURE_DAYS = [7, 28]
"""Ends of the tenure slices: below 7 days, 7 to 27, 28 or more."""


def user_slices(users: pl.Series, interactions: pl.DataFrame, as_of_day: date) -> pl.DataFrame:
    """Every slice each user is in.

    `activity` splits the given users into terciles of history length (rows of `interactions`); equal lengths stay
    together, so with many ties a slice may be large and another empty. `tenure` counts the days from the first
    interaction to the as-of day.

    Args:
        users: Ids of the users to slice, unique.
        interactions: Rows `user_id, event_day` up to the as-of day.
        as_of_day: The day tenure is counted to.

    Returns:
        Rows `user_id, slice`: `all`, `activity=low|medium|high`, `tenure=under_7_days|7_to_27_days|28_days_or_more`.
        A user without interactions is in `all` only.
    """
    histories = (
        interactions.filter(pl.col("user_id").is_in(users.implode()))
        .group_by("user_id")
        .agg(pl.len().alias("length"), pl.col("event_day").min().alias("first_day"))
        .sort("user_id")
    )
    everyone = pl.DataFrame({"user_id": users, "slice": [ALL] * len(users)}, schema_overrides={"slice": pl.String})
    if histories.is_empty():
        return everyone
    sliced = histories.select("user_id", _activity(histories["length"]), _tenure(as_of_day))
    parts = [sliced.select("user_id", pl.col(name).alias("slice")) for name in ("activity", "tenure")]
    return pl.concat([everyone, *parts])


def _activity(lengths: pl.Series) -> pl.Expr:
    low = lengths.quantile(1 / 3, interpolation="lower")
    high = lengths.quantile(2 / 3, interpolation="lower")
    length = pl.col("length")
    name = pl.when(length <= low).then(pl.lit("low")).when(length <= high).then(pl.lit("medium"))
    return (pl.lit("activity=") + name.otherwise(pl.lit("high"))).alias("activity")


def _tenure(as_of_day: date) -> pl.Expr:
    days = (pl.lit(as_of_day) - pl.col("first_day")).dt.total_days()
    short, long = TENURE_DAYS
    name = pl.when(days < short).then(pl.lit(f"under_{short}_days"))
    name = name.when(days < long).then(pl.lit(f"{short}_to_{long - 1}_days"))  # type: ignore[assignment]
    return (pl.lit("tenure=") + name.otherwise(pl.lit(f"{long}_days_or_more"))).alias("tenure")
