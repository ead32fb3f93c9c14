"""Features of a user alone: how active, how long known, how expensive a taste."""

from __future__ import annotations

import polars as pl

from models.ranking.context import FeatureContext


def user_features(known: FeatureContext) -> pl.DataFrame:
    """One row per user with any event.

    The price of an interaction is the one recorded with it, else the catalogue's; prices of 0 or below say nothing
    and are left out of the mean.

    Args:
        known: A context that has been cut.

    Returns:
        `user_id` and the `user_` features.
    """
    age, n_interactions = pl.col("_age"), pl.col("n_interactions")
    activity = (
        known.user_daily.with_columns(known.age_days().alias("_age"))
        .group_by("user_id", maintain_order=True)
        .agg(
            n_interactions.filter(age < 7).sum().alias("user_interactions_7d"),
            n_interactions.filter(age < 28).sum().alias("user_interactions_28d"),
            age.max().alias("user_tenure_days"),
            age.filter(n_interactions > 0).min().alias("user_recency_days"),
        )
    )
    return activity.join(_mean_price(known), on="user_id", how="full", coalesce=True)


def _mean_price(known: FeatureContext) -> pl.DataFrame:
    catalogue = known.items.select("item_id", pl.col("price").alias("_catalogue_price"))
    priced = (
        known.interactions.select("user_id", "item_id", "price")
        .join(catalogue, on="item_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("price", "_catalogue_price").alias("_price"))
        .filter(pl.col("_price") > 0)
    )
    return priced.group_by("user_id", maintain_order=True).agg(pl.col("_price").mean().alias("user_mean_price"))
