"""A user as several vectors, one for each interest, with a weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interests:
    """Interests of some users.

    Attributes:
        vectors: `[n, m, embedding_size]` float32, what items are compared with, by inner product.
        weights: `[n, m]` float32, at least 0; a user's share of each interest, sums to 1, or to 0 for a user without
            a history. An interest of weight 0 is none: its vector does not matter.
    """

    vectors: np.ndarray
    weights: np.ndarray

    def heaviest_first(self) -> Interests:
        """Each user's interests in the order of their weights; equal ones stay in theirs."""
        order = np.argsort(-self.weights, axis=1, kind="stable")
        vectors = np.take_along_axis(self.vectors, order[:, :, None], axis=1)
        return Interests(vectors, np.take_along_axis(self.weights, order, axis=1))


def largest_products(vectors: np.ndarray, item_vectors: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The largest product of an item's vector with any of the user's.

    Args:
        vectors: `[n, s, D]` float32, of the users.
        item_vectors: `[n_items, D]` float32.
        items: `[n, k]` int, items of each user; -1 for none.

    Returns:
        `[n, k]` float32, `-inf` where there is no item.
    """
    products = np.einsum("nsd,nkd->nsk", vectors, item_vectors[items])
    return np.where(items >= 0, products.max(axis=1), -np.inf).astype(np.float32)


def scores_of_all(vectors: np.ndarray, item_vectors: np.ndarray) -> np.ndarray:
    """The same of every item, `[n, n_items]` float32."""
    scores = vectors[:, 0] @ item_vectors.T
    for which in range(1, vectors.shape[1]):
        np.maximum(scores, vectors[:, which] @ item_vectors.T, out=scores)
    return scores
