"""A retriever that scores by the angle between its vectors, for indexes whose metric is the cosine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.ann.metric import prepared
from models.retrieval.contract import FitReport, Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.interests import Interests, scores_of_all


class ByCosine(Retriever):
    """A fitted retriever's vectors, each divided by its length, so that their inner product is the cosine.

    Long vectors are mostly those of popular items: by angle they lose that advantage.

    Args:
        inner: A fitted retriever with vectors.
    """

    has_vectors = True

    def __init__(self, inner: Retriever):
        super().__init__(inner.config)
        self.inner, self.name = inner, inner.name  # type: ignore[misc]

    def fit(self, *args, **more) -> FitReport:
        """Not meant to be fitted: the retriever inside is."""
        raise TypeError(f"fit {self.name} itself, then take its vectors by cosine")

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """Cosines `[n, n_items]` float32, the largest where a user has several vectors; 0 without a vector."""
        return scores_of_all(self.score_vectors(histories, users), self.item_vectors())

    def item_vectors(self) -> np.ndarray:
        """`[n_items, embedding_size]` float32 of length 1."""
        return prepared(self.inner.item_vectors(), "cosine")

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, embedding_size]` float32 of length 1, or 0 where there is no vector."""
        return prepared(self.inner.user_vectors(histories, users), "cosine")

    def score_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, s, embedding_size]` float32 of length 1, or 0 where there is no vector."""
        return prepared(self.inner.score_vectors(histories, users), "cosine")

    @property
    def draws_in_proportion(self) -> bool:
        """As the retriever inside does."""
        return self.inner.draws_in_proportion

    def interests(self, histories: Interactions, users: np.ndarray) -> Interests:
        """Those of the retriever inside, with vectors of length 1."""
        found = self.inner.interests(histories, users)
        return replace(found, vectors=prepared(found.vectors, "cosine"))

    def save(self, folder: Path) -> None:
        """Save the retriever inside."""
        self.inner.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Retriever:
        """Load the retriever inside instead."""
        raise TypeError("load the retriever itself, then take its vectors by cosine")


def compared_by(metric: str, retriever: Retriever) -> Retriever:
    """A retriever with vectors as an index of this metric compares them.

    Args:
        metric: `inner_product`, as retrievers learn them, or `cosine`.
        retriever: A fitted retriever with vectors.
    """
    return ByCosine(retriever) if metric == "cosine" else retriever
