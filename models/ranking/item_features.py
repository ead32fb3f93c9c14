"""Features of an item alone: how much, how lately and how well it is received."""

from __future__ import annotations

import polars as pl

from models.ranking.context import FeatureContext

WINDOWS_DAYS = {"1d": 1, "7d": 7, "28d": 28}


def item_features(known: FeatureContext) -> pl.DataFrame:
    """One row per item with daily rows or a catalogue row.

    A window of n days ends on the as-of day and includes it. `item_trend = log2((week + 1) / (month / 4 + 1))`,
    where `week` and `month` count the interactions of the last 7 and 28 days: the 1 keeps rare items near 0.
    `item_click_through` may exceed 1, since an interaction need not follow a recorded impression.

    Args:
        known: A context that has been cut.

    Returns:
        `item_id` and the `item_` features.
    """
    catalogue = known.items.select(
        "item_id",
        _age(known).alias("item_age_days"),
        pl.col("price").alias("item_price"),
    )
    return _activity(known).join(catalogue, on="item_id", how="full", coalesce=True)


def _age(known: FeatureContext) -> pl.Expr:
    start = pl.coalesce(pl.col("available_from").dt.date(), pl.col("first_seen_on"))
    return (pl.lit(known.as_of_day) - start).dt.total_days().clip(lower_bound=0)


def _activity(known: FeatureContext) -> pl.DataFrame:
    daily = known.item_daily.with_columns(known.age_days().alias("_age"), known.decay().alias("_decay"))
    n_interactions = pl.col("n_interactions")
    month = pl.col("_age") < WINDOWS_DAYS["28d"]
    sums = daily.group_by("item_id", maintain_order=True).agg(
        *(
            n_interactions.filter(pl.col("_age") < days).sum().alias(f"item_interactions_{name}")
            for name, days in WINDOWS_DAYS.items()
        ),
        n_interactions.sum().alias("item_interactions_all"),
        (n_interactions * pl.col("_decay")).sum().alias("item_decayed_interactions"),
        pl.col("n_impressions").filter(month).sum().alias("_impressions"),
    )
    week, total = pl.col("item_interactions_7d"), pl.col("item_interactions_28d")
    return sums.with_columns(
        ((week + 1) / (total / 4 + 1)).log(2).alias("item_trend"),
        pl.when(pl.col("_impressions") > 0).then(total / pl.col("_impressions")).alias("item_click_through"),
    ).drop("_impressions")
