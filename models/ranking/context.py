"""What features may be computed from, cut at the as-of day before anything reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

ItemVectors = tuple[list[str], np.ndarray]


@dataclass(frozen=True)
class FeatureContext:
    """The tables behind the features of one as-of day.

    The frames may hold later rows: `candidate_features` reads only what `cut` leaves.

    Attributes:
        as_of_day: The last day that may be seen (UTC).
        interactions: `core_interactions`: one row per user, item and day.
        items: The items known at the end of the as-of day, as they were then.
        item_daily: `feat_item_daily`.
        user_daily: `feat_user_daily`.
        item_vectors: Item ids and their text vectors, `[n, d]` with unit norm, in the same order; `None` leaves
            the text features null.
        half_life_days: An interaction this many days old counts half in every decayed sum.
    """

    as_of_day: date
    interactions: pl.DataFrame
    items: pl.DataFrame
    item_daily: pl.DataFrame
    user_daily: pl.DataFrame
    item_vectors: ItemVectors | None = None
    half_life_days: float = 14.0

    def cut(self) -> FeatureContext:
        """The same context with only what was known at the end of `as_of_day`, in one canonical row order.

        The order makes every sum independent of the order in which the tables were read.
        """
        seen = pl.col("event_day") <= self.as_of_day
        items = self.items.filter(pl.col("first_seen_on") <= self.as_of_day).sort("item_id")
        return replace(
            self,
            interactions=self.interactions.filter(seen).sort("user_id", "event_at", "event_id"),
            items=items,
            item_daily=self.item_daily.filter(seen).sort("item_id", "event_day"),
            user_daily=self.user_daily.filter(seen).sort("user_id", "event_day"),
            item_vectors=None if self.item_vectors is None else _known_vectors(self.item_vectors, items),
        )

    def age_days(self, day: str = "event_day") -> pl.Expr:
        """Days from the date column `day` to the as-of day; 0 on the as-of day itself."""
        return (pl.lit(self.as_of_day) - pl.col(day)).dt.total_days()

    def decay(self, day: str = "event_day") -> pl.Expr:
        """`0.5 ** (age / half_life_days)`: the factor of a row of date `day` in a decayed sum."""
        return pl.lit(0.5).pow(self.age_days(day) / self.half_life_days)


def _known_vectors(item_vectors: ItemVectors, items: pl.DataFrame) -> ItemVectors:
    ids, vectors = item_vectors
    if len(ids) != len(vectors):
        raise ValueError(f"item_vectors has {len(ids)} ids for {len(vectors)} vectors")
    known = pl.Series("item_id", ids, dtype=pl.String).is_in(items["item_id"].implode()).to_numpy()
    if known.all():
        return ids, vectors
    return [item for item, keep in zip(ids, known, strict=True) if keep], vectors[known]
