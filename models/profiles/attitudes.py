"""How users buy: prices against the usual, readiness for the new, and the hours and weekdays they are active."""

from __future__ import annotations

import math

import polars as pl

from models.profiles.config import UserExtraction

_FAMILIAR, _ADVENTUROUS = round(1 / 3, 6), round(2 / 3, 6)  # rounded as the scores are, so that a tie is a tie

RHYTHM = pl.Struct(
    {
        "top_hours": pl.List(pl.Int8()),
        "top_weekdays": pl.List(pl.Int8()),
        "active_days": pl.Int64(),
        "median_gap_days": pl.Float64(),
    }
)
"""A rhythm as it enters the profile's JSON, see `schema.Rhythm`."""


def price_attitudes(events: pl.DataFrame, config: UserExtraction) -> pl.DataFrame:
    """Prices taken against the median of each item's category.

    Args:
        events: `user_id, price_ratio, mass`; the ratio is the price over the category's median, null where unknown.
        config: See `UserExtraction`.

    Returns:
        `user_id, price_attitude`: `premium` where the weighted geometric mean of the ratios exceeds
        `1 + price_tolerance`, `thrifty` below `1 / (1 + price_tolerance)`, `unknown` with fewer than
        `min_attitude_events` priced events.
    """
    limit = round(math.log1p(config.price_tolerance), 6)
    priced = events.filter(pl.col("price_ratio").is_not_null())
    log_ratio = (pl.col("price_ratio").log() * pl.col("mass")).sum() / pl.col("mass").sum()
    level = priced.group_by("user_id").agg(level=log_ratio.round(6), n_priced=pl.len())
    return level.select(
        "user_id",
        price_attitude=pl.when(pl.col("n_priced") < config.min_attitude_events)
        .then(pl.lit("unknown"))
        .when(pl.col("level") > limit)
        .then(pl.lit("premium"))
        .when(pl.col("level") < -limit)
        .then(pl.lit("thrifty"))
        .otherwise(pl.lit("average")),
    )


def novelty_attitudes(events: pl.DataFrame, config: UserExtraction) -> pl.DataFrame:
    """Readiness to leave known items and categories.

    Each of a user's latest `novelty_events` events after the first counts 0 for an item interacted with before, 1/2 for
    a new item in a known category, 1 for a new category; a mean above 2/3 is `adventurous`, below 1/3 `familiar`.

    Args:
        events: `user_id, item_id, category, event_at, event_id`, sorted by user, then time, then event id.
        config: See `UserExtraction`.

    Returns:
        `user_id, novelty_attitude`; `unknown` with fewer than `min_attitude_events` events.
    """
    n = pl.len().over("user_id").cast(pl.Int64)  # counts are unsigned, and a short history minus 20 must not wrap
    marked = events.select(
        "user_id",
        position=pl.int_range(pl.len()).over("user_id"),
        n=n,
        new_item=pl.struct("user_id", "item_id").is_first_distinct(),
        new_category=pl.struct("user_id", "category").is_first_distinct(),
    )
    latest = marked.filter((pl.col("position") > 0) & (pl.col("position") >= pl.col("n") - config.novelty_events))
    score = (pl.col("new_item").cast(pl.Float64) + pl.col("new_category").cast(pl.Float64)).mean() / 2
    means = latest.group_by("user_id").agg(score=score.round(6), n=pl.col("n").first())
    return means.select(
        "user_id",
        novelty_attitude=pl.when(pl.col("n") < config.min_attitude_events)
        .then(pl.lit("unknown"))
        .when(pl.col("score") > _ADVENTUROUS)
        .then(pl.lit("adventurous"))
        .when(pl.col("score") < _FAMILIAR)
        .then(pl.lit("familiar"))
        .otherwise(pl.lit("balanced")),
    )


def _most_active(events: pl.DataFrame, slot: pl.Expr, name: str, limit: int) -> pl.DataFrame:
    counts = events.group_by("user_id", slot.alias(name)).len()
    ordered = counts.sort("user_id", "len", name, descending=[False, True, False])
    return ordered.group_by("user_id", maintain_order=True).agg(pl.col(name).head(limit))


def rhythms(events: pl.DataFrame, config: UserExtraction) -> pl.DataFrame:
    """Most active hours and weekdays (UTC, ties to the earlier), active days and the gaps between them.

    Args:
        events: `user_id, event_at, event_day`.
        config: See `UserExtraction`.

    Returns:
        `user_id, rhythm` (a `RHYTHM`), one row per user.
    """
    limit = config.max_rhythm_slots
    hours = _most_active(events, pl.col("event_at").dt.hour(), "top_hours", limit)
    weekdays = _most_active(events, pl.col("event_day").dt.weekday(), "top_weekdays", limit)
    days = events.select("user_id", "event_day").unique().sort("user_id", "event_day")
    gaps = days.group_by("user_id", maintain_order=True).agg(
        active_days=pl.len(), median_gap_days=pl.col("event_day").diff().dt.total_days().median()
    )
    joined = gaps.join(hours, on="user_id").join(weekdays, on="user_id")
    return joined.select("user_id", rhythm=pl.struct(list(RHYTHM.to_schema())).cast(RHYTHM))
