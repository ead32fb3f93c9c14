"""The window that lists of one as-of day are scored on: what was known before it, and what came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from models.evaluation.truth import Truth, window_truth


@dataclass(frozen=True)
class Window:
    """An as-of day and the days after it.

    Attributes:
        before: `core_interactions` up to the as-of day.
        after: `core_interactions` after it, up to `scored_through`.
        items: The items known at the end of the as-of day, with `first_seen_on` and `is_available`.
        as_of_day: The last day the models have seen.
        scored_through: The last day of the window.
        taken_back: Rows `user_id, item_id` that were bought and given back up to the as-of day.

    Raises:
        ValueError: An interaction is on the wrong side of the as-of day or after the window.
    """

    before: pl.DataFrame
    after: pl.DataFrame
    items: pl.DataFrame
    as_of_day: date
    scored_through: date
    taken_back: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        day, end = self.as_of_day, self.scored_through
        if n := len(self.before.filter(pl.col("event_day") > day)):
            raise ValueError(f"{n} rows of interactions_before are later than the as-of day {day}")
        outside = (pl.col("event_day") <= day) | (pl.col("event_day") > end)
        if n := len(self.after.filter(outside)):
            raise ValueError(f"{n} rows of interactions_after are outside {day} (exclusive) to {end}")

    @cached_property
    def truth(self) -> Truth:
        """What users took in the window that was new to them; worked out once."""
        return window_truth(self.before, self.after, self.items, self.as_of_day, self.taken_back)

    @property
    def seen(self) -> pl.DataFrame:
        """Rows `user_id, item_id` that no list may hold, with repetitions."""
        parts = [self.before] if self.taken_back is None else [self.before, self.taken_back]
        return pl.concat([frame.select("user_id", "item_id") for frame in parts])

    @property
    def n_days(self) -> int:
        """Days of the window."""
        return (self.scored_through - self.as_of_day).days

    @property
    def catalogue(self) -> pl.Series:
        """Ids of the items that could be recommended at the end of the as-of day."""
        known = (pl.col("first_seen_on") <= self.as_of_day) & pl.col("is_available")
        return self.items.filter(known)["item_id"]
