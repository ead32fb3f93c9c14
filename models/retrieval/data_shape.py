"""How large the data are that a model is fitted on: all that the memory of a fit depends on besides its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.retrieval.interactions import Interactions


@dataclass(frozen=True)
class DataShape:
    """Sizes of interactions.

    Attributes:
        n_users: Users.
        n_items: Items of the vocabulary.
        n_interactions: Interactions to learn from.
        longest: Items of the longest history.
        n_validation: Interactions to stop by; 0 for none.
    """

    n_users: int
    n_items: int
    n_interactions: int
    longest: int
    n_validation: int = 0

    def pairs_of_items(self, n_items: int) -> int:
        """About how many pairs of an item, of so many, and another one that somebody touched too there are."""
        together = self.n_interactions**2 / max(self.n_users, 1) * n_items / max(self.n_items, 1)
        return int(min(together, n_items * self.n_items))

    @classmethod
    def of(cls, train: Interactions, validation: Interactions | None = None) -> Self:
        """Read off, without looking at an interaction."""
        longest = int(np.max(train.lengths(), initial=0))
        n_validation = 0 if validation is None else len(validation.items)
        return cls(train.n_users, train.n_items, len(train.items), longest, n_validation)
