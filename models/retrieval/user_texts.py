"""What is known of users in words, as vectors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class UserTexts:
    """Text vectors of some users, known before anything that is predicted from them.

    Attributes:
        user_ids: Whose, `[n]` strings.
        vectors: `[n, text_size]` float32.
    """

    user_ids: np.ndarray
    vectors: np.ndarray

    def __post_init__(self) -> None:
        if len(self.user_ids) != len(self.vectors):
            raise ValueError(f"text vectors of {len(self.vectors)} users, ids of {len(self.user_ids)}")
        if not np.isfinite(self.vectors).all():
            raise ValueError("some users' text vectors are not finite")

    def of(self, user_ids: np.ndarray) -> np.ndarray:
        """The vectors of other users in their order, `[n, text_size]` float32; 0 for one who has none."""
        place = {user: row for row, user in enumerate(self.user_ids.tolist())}
        rows = np.array([place.get(user, -1) for user in user_ids.tolist()], dtype=np.int64)
        found = np.zeros((len(user_ids), self.vectors.shape[1]), dtype=np.float32)
        found[rows >= 0] = self.vectors[rows[rows >= 0]]
        return found

    def digest(self) -> str:
        """SHA-256 of ids and vectors."""
        found = hashlib.sha256("\n".join(self.user_ids.tolist()).encode())
        found.update(np.ascontiguousarray(self.vectors).tobytes())
        return found.hexdigest()
