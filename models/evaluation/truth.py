"""What a list is scored against: who is scored, and what they took that was new to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl


@dataclass(frozen=True)
class Truth:
    """The truth of one as-of day and its window.

    Attributes:
        relevant: Rows `user_id, item_id`, unique and sorted: items a warm user took in the window and never
            before, not even to give them back.
        n_window_users: Users with any interaction in the window.
        n_cold_users: Those of them without one before; nobody could have known their taste, so no list is scored.
        new_item_share: Share of `relevant` whose item was first known after the as-of day: out of reach for every
            list, and so a ceiling on recall. NaN without relevant items.
    """

    relevant: pl.DataFrame
    n_window_users: int
    n_cold_users: int
    new_item_share: float

    @property
    def cold_user_share(self) -> float:
        """Share of the window's users without a past; NaN without users."""
        return self.n_cold_users / self.n_window_users if self.n_window_users else float("nan")


def window_truth(
    before: pl.DataFrame,
    after: pl.DataFrame,
    items: pl.DataFrame,
    as_of_day: date,
    taken_back: pl.DataFrame | None = None,
) -> Truth:
    """Work out the truth of a window.

    Args:
        before: `core_interactions` up to and including the as-of day.
        after: `core_interactions` of the days after it.
        items: The items known on the as-of day (or more), for `first_seen_on`.
        as_of_day: The last day the models have seen.
        taken_back: Rows `user_id, item_id` that were bought and given back up to the as-of day: not new to the user
            either, as no list may hold them.
    """
    pairs = after.select("user_id", "item_id").unique()
    past = before.select("user_id", "item_id").unique()
    warm = pairs.join(past, on="user_id", how="semi")
    seen = past if taken_back is None else pl.concat([past, taken_back.select("user_id", "item_id")])
    relevant = warm.join(seen, on=["user_id", "item_id"], how="anti").sort("user_id", "item_id")
    known = items.filter(pl.col("first_seen_on") <= as_of_day)
    n_new = len(relevant.join(known, on="item_id", how="anti"))
    n_users = pairs["user_id"].n_unique()
    return Truth(
        relevant=relevant,
        n_window_users=n_users,
        n_cold_users=n_users - warm["user_id"].n_unique(),
        new_item_share=n_new / len(relevant) if len(relevant) else float("nan"),
    )
