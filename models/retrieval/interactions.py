"""The one structure every model learns from: per-user sequences sorted by time, in CSR form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.taken_back import TakenBack

ARRAYS = ("offsets", "items", "times", "weights")


@dataclass(frozen=True)
class Interactions:
    """Positive interactions of all users, each user's in (event time, event id) order.

    Attributes:
        user_ids: Ids by user index, `[n_users]`, strings.
        item_ids: Ids by item index, `[n_items]`, strings; the vocabulary may hold items nobody touched.
        offsets: `[n_users + 1]` int64; user `u` owns positions `offsets[u]:offsets[u + 1]`.
        items: `[n_interactions]` int32 item indices.
        times: `[n_interactions]` int64 seconds since the epoch, UTC.
        weights: `[n_interactions]` float32 event weights, all > 0.
        taken_back: What the users bought and gave back: seen, but no part of their history.
    """

    user_ids: np.ndarray
    item_ids: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    taken_back: TakenBack = field(default_factory=TakenBack)

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Size of the item vocabulary."""
        return len(self.item_ids)

    def history(self, user: int) -> np.ndarray:
        """Item indices of one user, oldest first (a view)."""
        return self.items[self.offsets[user] : self.offsets[user + 1]]

    def lengths(self) -> np.ndarray:
        """History length of every user, `[n_users]` int64."""
        return np.diff(self.offsets)

    def user_of_position(self) -> np.ndarray:
        """User index of every interaction, `[n_interactions]` int32."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), self.lengths())

    def before(self, time: int) -> Interactions:
        """The same users and items with only the interactions at `times < time` (seconds, UTC)."""
        return self._keep(self.times < time, self.taken_back.keep(self.taken_back.times < time))

    def since(self, time: int) -> Interactions:
        """The same users and items with only the interactions at `times >= time` (seconds, UTC)."""
        return self._keep(self.times >= time, self.taken_back.keep(self.taken_back.times >= time))

    def of_users(self, users: np.ndarray) -> Interactions:
        """The same users and items with only the interactions of some users, given by index."""
        undone = self.taken_back.keep(np.isin(self.taken_back.users, users))
        return self._keep(np.isin(self.user_of_position(), users), undone)

    def _keep(self, mask: np.ndarray, taken_back: TakenBack) -> Interactions:
        counts = np.bincount(self.user_of_position()[mask], minlength=self.n_users)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        kept = self.items[mask], self.times[mask], self.weights[mask]
        return Interactions(self.user_ids, self.item_ids, offsets, *kept, taken_back)

    @classmethod
    def from_frame(
        cls, frame: pl.DataFrame, item_ids: np.ndarray, taken_back: pl.DataFrame | None = None
    ) -> Interactions:
        """Build from rows `user_id, item_id, event_at, event_id, weight`.

        Args:
            frame: One row per interaction, any order; `event_at` is a naive UTC datetime.
            item_ids: The vocabulary, unique, in index order; rows of other items are an error.
            taken_back: Rows `user_id, item_id, event_at` of what was bought and given back; those of users without
                an interaction are left out.

        Raises:
            ValueError: A row names an item outside the vocabulary.
        """
        frame = frame.sort("user_id", "event_at", "event_id")
        vocabulary = pl.DataFrame({"item_id": item_ids, "item": np.arange(len(item_ids), dtype=np.int32)})
        joined = frame.join(vocabulary, on="item_id", how="left", maintain_order="left")
        if joined["item"].null_count():
            unknown = joined.filter(pl.col("item").is_null())["item_id"][0]
            raise ValueError(f"item {unknown!r} is not in the vocabulary of {len(item_ids)} items")
        counts = joined.group_by("user_id", maintain_order=True).len()
        user_ids, item_ids = counts["user_id"].to_numpy().astype(object), np.asarray(item_ids, dtype=object)
        undone = TakenBack() if taken_back is None else TakenBack.from_frame(taken_back, user_ids, item_ids)
        return cls(
            user_ids=user_ids,
            item_ids=item_ids,
            offsets=np.concatenate([[0], np.cumsum(counts["len"].to_numpy())]).astype(np.int64),
            items=joined["item"].to_numpy().astype(np.int32),
            times=joined["event_at"].dt.epoch("s").to_numpy().astype(np.int64),
            weights=joined["weight"].to_numpy().astype(np.float32),
            taken_back=undone,
        )

    def save(self, folder: Path) -> None:
        """Write `.npy` arrays and the two vocabularies as JSON into `folder`."""
        self.taken_back.save(folder)
        save_arrays(folder, {name: getattr(self, name) for name in ARRAYS})
        ids = {"user_ids": self.user_ids.tolist(), "item_ids": self.item_ids.tolist()}
        (folder / "ids.json").write_text(json.dumps(ids))

    @classmethod
    def load(cls, folder: Path) -> Interactions:
        """Read what `save` wrote; the arrays are memory-mapped read-only."""
        ids = json.loads((folder / "ids.json").read_text())
        return cls(
            user_ids=np.array(ids["user_ids"], dtype=object),
            item_ids=np.array(ids["item_ids"], dtype=object),
            **load_arrays(folder, ARRAYS, mapped=True),
            taken_back=TakenBack.load(folder),
        )
