"""Items that users bought and gave back: nothing to learn from, yet nothing to recommend again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from models.retrieval.array_files import load_arrays, save_arrays

ARRAYS = ("users", "items", "times")


@dataclass(frozen=True)
class TakenBack:
    """Purchases that were undone, with nothing else left of the user's interest that day; sorted by user.

    Attributes:
        users: `[n]` int32 user indices.
        items: `[n]` int32 item indices.
        times: `[n]` int64 seconds since the epoch, UTC, of what was undone (not of the return).
    """

    users: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    items: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    times: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, user_ids: np.ndarray, item_ids: np.ndarray) -> TakenBack:
        """Build from rows `user_id, item_id, event_at`; those of other users or items are left out.

        Args:
            frame: One row per undone interaction, any order; `event_at` is a naive UTC datetime.
            user_ids: Ids by user index.
            item_ids: Ids by item index.
        """
        users = pl.DataFrame({"user_id": user_ids, "user": np.arange(len(user_ids), dtype=np.int32)})
        items = pl.DataFrame({"item_id": item_ids, "item": np.arange(len(item_ids), dtype=np.int32)})
        seconds = pl.col("event_at").dt.epoch("s").alias("time")
        rows = frame.select("user_id", "item_id", seconds).join(users, on="user_id").join(items, on="item_id")
        rows = rows.sort("user", "time", "item")
        return cls(rows["user"].to_numpy(), rows["item"].to_numpy(), rows["time"].to_numpy())

    def keep(self, mask: np.ndarray) -> TakenBack:
        """Those where `mask`, `[n]` bool, is true."""
        return TakenBack(self.users[mask], self.items[mask], self.times[mask])

    def of(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row (position in `users`) and item of every one of some users, two arrays of equal length."""
        first, last = np.searchsorted(self.users, users, "left"), np.searchsorted(self.users, users, "right")
        lengths = last - first
        positions = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - first, lengths)
        return np.repeat(np.arange(len(users)), lengths), self.items[positions]

    def save(self, folder: Path) -> None:
        """Write `.npy` arrays into `folder`; none where nothing was taken back."""
        if len(self.users):
            save_arrays(folder, {f"taken_back_{name}": getattr(self, name) for name in ARRAYS})

    @classmethod
    def load(cls, folder: Path) -> TakenBack:
        """Read what `save` wrote."""
        if not (folder / "taken_back_users.npy").is_file():
            return cls()
        return cls(*load_arrays(folder, [f"taken_back_{name}" for name in ARRAYS]).values())
