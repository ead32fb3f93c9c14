"""How much of the exact answer an index finds."""

from __future__ import annotations

import numpy as np

from models.ann.index import AnnIndex
from models.ann.metric import prepared
from models.training.threads import faiss_threads

TOLERANCE = 1e-6
"""Of the product of both lengths: what float32 rounds away."""


class ExactAnswers:
    """The worst of the exact k best of each query, computed once, by which any index's answers are judged.

    A found vector counts where its exact score is at least that of the k-th best one (up to float32 rounding), so
    either of two equal vectors is right.

    Args:
        vectors: `[n_vectors, embedding_size]` float32.
        queries: `[n, embedding_size]` float32, at least one.
        k: List length, lowered to the number of vectors where there are fewer.
        metric: `inner_product` or `cosine`.

    Raises:
        ValueError: There is no query.
    """

    def __init__(self, vectors: np.ndarray, queries: np.ndarray, k: int, metric: str = "inner_product"):
        import faiss

        if len(queries) == 0:
            raise ValueError("recall needs at least one query")
        self.vectors, self.queries = prepared(vectors, metric), prepared(queries, metric)
        self.k = min(k, len(vectors))
        with faiss_threads(1):
            best = faiss.knn(self.queries, self.vectors, self.k, metric=faiss.METRIC_INNER_PRODUCT)[1]
        longest = np.linalg.norm(self.vectors, axis=1).max()
        tolerance = TOLERANCE * longest * np.linalg.norm(self.queries, axis=1)
        self.borders = self._scores(best).min(axis=1) - tolerance

    def recalls(self, found: np.ndarray) -> np.ndarray:
        """Share of the k best that was found, by query.

        Args:
            found: `[n, at least k]` positions, best first, -1 where there is none.

        Returns:
            `[n]` float64 between 0 and 1.
        """
        return (self._scores(found[:, : self.k]) >= self.borders[:, None]).sum(axis=1) / self.k

    def _scores(self, found: np.ndarray) -> np.ndarray:
        """Exact scores `[n, k]` of found positions; `-inf` where nothing was found."""
        scores = np.empty(found.shape, dtype=np.float32)
        for row, (query, positions) in enumerate(zip(self.queries, found, strict=True)):
            scores[row] = self.vectors[positions] @ query
        return np.where(found >= 0, scores, -np.inf)


def measured_recall(index: AnnIndex, vectors: np.ndarray, queries: np.ndarray, k: int) -> float:
    """Mean share of the exact k best that the index returned, over the queries.

    Args:
        index: An index over `vectors`.
        vectors: `[n_vectors, embedding_size]` float32.
        queries: `[n, embedding_size]` float32, at least one.
        k: List length, lowered to the number of vectors where there are fewer.

    Returns:
        Between 0 and 1.

    Raises:
        ValueError: There is no query.
    """
    exact = ExactAnswers(vectors, queries, k, index.config.metric)
    return float(exact.recalls(index.search(queries, exact.k)[0]).mean())
