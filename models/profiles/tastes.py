"""What users are drawn to: categories, brands and phrases, weighed, with the events that say so."""

from __future__ import annotations

import polars as pl

from models.profiles.config import UserExtraction
from models.profiles.item_facts import category_labels

KINDS = ("category", "brand", "phrase")
USER, ITEM = "user_id_number", "item_id_number"
TASTE = pl.Struct(
    {
        "kind": pl.String(),
        "text": pl.String(),
        "strength": pl.Float64(),
        "confidence": pl.Float64(),
        "event_ids": pl.List(pl.String()),
    }
)
"""A taste as it enters the profile's JSON, see `schema.Taste`."""


def item_labels(items: pl.DataFrame, profiles: pl.DataFrame, depth: int) -> pl.DataFrame:
    """Everything an item can be liked for.

    Args:
        items: `item_id, category, brand`.
        profiles: `item_id, key_phrases`.
        depth: Category levels that name a taste.

    Returns:
        `item_id, kind (index into KINDS), text, label`, one row per item and label, no duplicates; `label` numbers the
        pairs of kind and text in their order.
    """
    brand = pl.col("brand").str.strip_chars().str.slice(0, 200)
    parts = [
        items.select("item_id", kind=pl.lit(0, pl.UInt8), text=category_labels(depth)).explode("text"),
        items.select("item_id", kind=pl.lit(1, pl.UInt8), text=brand).filter(pl.col("text") != ""),
        profiles.select("item_id", kind=pl.lit(2, pl.UInt8), text="key_phrases").explode("text"),
    ]
    labels = pl.concat(parts).drop_nulls().unique(maintain_order=True)
    return labels.with_columns(label=pl.struct("kind", "text").rank("dense"))


def _numbered(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Ids as numbers in a column `<name>_number`: grouping and joining millions of rows by text takes twice as long."""
    for name in names:
        numbers = frame.select(name).unique(maintain_order=True).with_row_index(f"{name}_number")
        frame = frame.join(numbers, on=name, maintain_order="left")
    return frame


def _ranked(mass: pl.DataFrame, config: UserExtraction) -> pl.DataFrame:
    """The strongest tastes of every user and kind; ties go to the smaller label, which is the earlier text."""
    n, n_items = pl.col("n_events"), pl.col("n_items")
    is_phrase = pl.col("kind") == KINDS.index("phrase")
    asked = pl.min_horizontal(n_items.filter(is_phrase).max().over(USER), pl.lit(config.min_phrase_items))
    return (
        mass.filter(~is_phrase | (n_items >= asked))
        .with_columns(
            strength=(pl.col("mass") / pl.col("user_mass")).clip(0.0, 1.0).round(3),
            confidence=(n / (n + config.half_confidence_events)).round(3),
        )
        .with_columns(rank_by=(pl.col("strength") * pl.col("confidence")).round(6))
        .sort(USER, "kind", "rank_by", "label", descending=[False, False, True, False])
        .group_by(USER, "kind", maintain_order=True)
        .head(config.max_tastes)
    )


def _evidence(events: pl.DataFrame, carried: pl.DataFrame, chosen: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Supporting events of the chosen tastes only: collecting them for every label would cost ten times as much.

    It goes from what a user touched to its labels. From a label to its items it would be far too many: a grocer's
    92,331 articles have two brands, and 19 GiB went to the pairs of 2,469 users and all that carries either.
    """
    return (
        carried.join(chosen, on=[USER, "label"], how="semi")
        .select(USER, ITEM, "label")
        .join(events.select(USER, ITEM, "event_id", "event_at"), on=[USER, ITEM])
        .sort("event_at", "event_id", descending=True)
        .group_by(USER, "label")
        .agg(event_ids=pl.col("event_id").head(limit))
    )


def user_tastes(events: pl.DataFrame, labels: pl.DataFrame, config: UserExtraction, name: str) -> pl.DataFrame:
    """The strongest tastes of every user.

    A taste's strength is the share of the user's mass (the sum of `mass` over the events) on items that carry the
    label, so categories side by side add up to one and a phrase on every item bought has strength 1. Its confidence is
    `n / (n + half_confidence_events)` for `n` supporting events. Tastes are ranked by the product, ties by name. A
    phrase needs `min_phrase_items` different items, or as many as the user's best supported phrase has, if fewer.

    Args:
        events: `user_id, item_id, event_id, event_at, mass`; events of items without labels still count as mass.
        labels: See `item_labels`.
        config: See `UserExtraction`.
        name: Name of the resulting column.

    Returns:
        `user_id` and `name`, a list of `TASTE`: categories first, then brands, then phrases, each strongest first.
        Users without any taste have no row.
    """
    events = _numbered(events.select("user_id", "item_id", "event_id", "event_at", "mass"), "user_id", "item_id")
    codes = labels.join(events.select("item_id", ITEM).unique(), on="item_id").select(ITEM, "label", "kind")
    totals = events.group_by(USER).agg(user_mass=pl.col("mass").sum(), user_id=pl.col("user_id").first())
    touched = events.group_by(USER, ITEM).agg(pl.col("mass").sum(), n_events=pl.len())
    carried = touched.join(codes, on=ITEM)
    mass = carried.group_by(USER, "label").agg(
        pl.col("mass", "n_events").sum(), pl.col("kind").first(), n_items=pl.len()
    )
    chosen = _ranked(mass.join(totals, on=USER), config)
    texts = labels.select("label", "text").unique("label")
    return (
        chosen.join(_evidence(events, carried, chosen, config.max_support_events), on=[USER, "label"])
        .join(texts, on="label")
        .sort("user_id", "kind", "rank_by", "label", descending=[False, False, True, False])
        .with_columns(kind=pl.col("kind").replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String))
        .group_by("user_id", maintain_order=True)
        .agg(pl.struct(list(TASTE.to_schema())).cast(TASTE).alias(name))
    )
