"""Features of a user and an item together: how much of the user's history is like the item."""

from __future__ import annotations

import polars as pl

from models.ranking.context import FeatureContext

FIELDS = {
    "_category": "category_affinity",
    "_top_category": "top_category_affinity",
    "_brand": "brand_affinity",
}
"""Item field -> the feature that says how much of the history shares its value."""


def affinity_features(frame: pl.DataFrame, known: FeatureContext) -> pl.DataFrame:
    """Add the affinity features to candidates.

    For an item whose field has value `c`, `affinity = sum(w_i * d_i for i with c_i = c) / sum(w_i * d_i)` over the
    user's interactions whose item has that field, with the event weight `w_i` and the decay `d_i` of its age. Null
    where the item has no value or the user has no history with one; 0 where the history never shows the value.

    Args:
        frame: Rows `user_id, item_id`, any order, which is kept.
        known: A context that has been cut.

    Returns:
        `frame` with the columns of `FIELDS` and `last_category_match`.
    """
    fields = known.items.select(
        "item_id",
        pl.col("category").alias("_category"),
        pl.col("category").str.split(">").list.first().str.strip_chars().alias("_top_category"),
        pl.col("brand").alias("_brand"),
    )
    history = known.interactions.select("user_id", "item_id", (pl.col("weight") * known.decay()).alias("_weight")).join(
        fields, on="item_id", how="left", maintain_order="left"
    )
    frame = frame.join(fields, on="item_id", how="left", maintain_order="left")
    for field, name in FIELDS.items():
        frame = _add_affinity(frame, history, field, name)
    last = history.group_by("user_id", maintain_order=True).agg(pl.col("_category").last().alias("_last_category"))
    return (
        frame.join(last, on="user_id", how="left", maintain_order="left")
        .with_columns((pl.col("_category") == pl.col("_last_category")).alias("last_category_match"))
        .drop("_last_category", *FIELDS)
    )


def _add_affinity(frame: pl.DataFrame, history: pl.DataFrame, field: str, name: str) -> pl.DataFrame:
    present = history.filter(pl.col(field).is_not_null())
    shared = present.group_by("user_id", field, maintain_order=True).agg(pl.col("_weight").sum().alias("_shared"))
    totals = present.group_by("user_id", maintain_order=True).agg(pl.col("_weight").sum().alias("_total"))
    joined = frame.join(shared, on=["user_id", field], how="left", maintain_order="left").join(
        totals, on="user_id", how="left", maintain_order="left"
    )
    share = pl.col("_shared").fill_null(0.0) / pl.col("_total")
    return joined.with_columns(pl.when(pl.col(field).is_not_null()).then(share).alias(name)).drop("_shared", "_total")
