"""Point-in-time features of candidates: the list of them, and the one function that computes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from models.ranking.affinity_features import affinity_features
from models.ranking.candidates import sources_of
from models.ranking.context import FeatureContext
from models.ranking.item_features import item_features
from models.ranking.text_features import text_features
from models.ranking.user_features import user_features

COUNTS = [
    "item_interactions_1d",
    "item_interactions_7d",
    "item_interactions_28d",
    "item_interactions_all",
    "item_decayed_interactions",
    "item_trend",
    "user_interactions_7d",
    "user_interactions_28d",
]
"""Features that are 0, not unknown, for an item or a user without rows."""


class Feature(NamedTuple):
    """A feature's column name and what it says, in one line."""

    name: str
    description: str


SOURCE_FEATURES: list[Feature] = [
    Feature("rank_{source}", "Rank {source} gave the item, 1 is best; missing where it did not offer it."),
    Feature("reciprocal_rank_{source}", "1 / rank of {source}; 0 where it did not offer the item."),
    Feature("score_{source}", "Score {source} gave the item, in its own unit; missing where it did not offer it."),
]
"""Three features for every source of candidates."""

FEATURES: list[Feature] = [
    Feature("n_sources", "How many sources offered the item to the user."),
    Feature("best_rank", "The best rank any source gave the item."),
    Feature("item_interactions_1d", "Interactions with the item on the as-of day."),
    Feature("item_interactions_7d", "Interactions with the item in the last 7 days."),
    Feature("item_interactions_28d", "Interactions with the item in the last 28 days."),
    Feature("item_interactions_all", "Interactions with the item since records began."),
    Feature("item_decayed_interactions", "Interactions with the item, each halved per half-life of its age."),
    Feature("item_trend", "log2 of the last 7 days against an average week of the last 28; 0 is steady."),
    Feature("item_click_through", "Interactions per impression in the last 28 days; missing without impressions."),
    Feature("item_age_days", "Days since the item became available, or was first seen."),
    Feature("item_price", "The item's catalogue price."),
    Feature("user_interactions_7d", "The user's interactions in the last 7 days."),
    Feature("user_interactions_28d", "The user's interactions in the last 28 days."),
    Feature("user_tenure_days", "Days since the user's first event."),
    Feature("user_recency_days", "Days since the user's last interaction."),
    Feature("user_mean_price", "Mean price of the items the user interacted with."),
    Feature("price_position", "log of the item's price over the user's mean price; 0 is the usual price."),
    Feature("category_affinity", "Decayed share of the item's category in the user's history."),
    Feature("top_category_affinity", "Decayed share of the item's top-level category in the user's history."),
    Feature("brand_affinity", "Decayed share of the item's brand in the user's history."),
    Feature("last_category_match", "1 where the user's last item was of this category, else 0."),
    Feature("text_cosine_mean", "Cosine of the item's text and the decayed mean text of the user's history."),
    Feature("text_cosine_last", "Largest cosine of the item's text and the user's last 3 items."),
]
"""The features every candidate has, whatever its sources."""


def described_features(sources: Sequence[str]) -> list[Feature]:
    """All features for the given sources, in model order: those of each source, then the common ones."""
    per_source = [
        Feature(feature.name.format(source=source), feature.description.format(source=source))
        for source in sources
        for feature in SOURCE_FEATURES
    ]
    return per_source + FEATURES


def feature_names(sources: Sequence[str]) -> list[str]:
    """Column names of `described_features`."""
    return [feature.name for feature in described_features(sources)]


def candidate_features(candidates: pl.DataFrame, context: FeatureContext) -> pl.DataFrame:
    """Features of merged candidates as of the end of `context.as_of_day`.

    Every input is cut at the as-of day first, so later rows in the context cannot change a value. Counts are 0
    where nothing happened; what cannot be known (a price, a share of an empty history) is null.

    Args:
        candidates: What `merge_candidates` returned, any row order; extra columns pass through.
        context: The tables to compute from.

    Returns:
        The candidates in their order, with every column of `feature_names(sources_of(candidates))` as f32.
    """
    known = context.cut()
    sources = sources_of(candidates)
    frame = (
        candidates.with_columns(
            (1 / pl.col(f"rank_{source}")).fill_null(0.0).alias(f"reciprocal_rank_{source}") for source in sources
        )
        .join(item_features(known), on="item_id", how="left", maintain_order="left")
        .join(user_features(known), on="user_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("^(item|user)_(decayed_)?interactions.*$").fill_null(0.0), pl.col("item_trend").fill_null(0)
        )
        .with_columns(_price_position())
    )
    frame = affinity_features(frame, known)
    mean, last = text_features(candidates, known)
    frame = frame.with_columns(_nullable("text_cosine_mean", mean), _nullable("text_cosine_last", last))
    names = feature_names(sources)
    passed = [column for column in candidates.columns if column not in names]
    return frame.select(*passed, *(pl.col(name).cast(pl.Float32) for name in names))


def _price_position() -> pl.Expr:
    both = (pl.col("item_price") > 0) & (pl.col("user_mean_price") > 0)
    return pl.when(both).then((pl.col("item_price") / pl.col("user_mean_price")).log()).alias("price_position")


def _nullable(name: str, values: np.ndarray) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Float32, nan_to_null=True)
