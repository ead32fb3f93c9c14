"""How much of the exact answer an index finds."""

from __future__ import annotations

import numpy as np

from models.ann.index import AnnIndex

BLOCK_SIZE = 1024


def measured_recall(index: AnnIndex, vectors: np.ndarray, queries: np.ndarray, k: int) -> float:
    """Mean share of the exact k best that the index returned, over the queries.

    A found vector counts where its exact inner product is at least the k-th best one (up to float32 rounding), so
    either of two equal vectors is right. `k` is lowered to the number of vectors where there are fewer.

    Args:
        index: An index over `vectors`.
        vectors: `[n_vectors, embedding_size]` float32.
        queries: `[n, embedding_size]` float32, at least one.
        k: List length.

    Returns:
        Between 0 and 1.

    Raises:
        ValueError: There is no query.
    """
    if len(queries) == 0:
        raise ValueError("recall needs at least one query")
    k = min(k, len(vectors))
    hits = 0
    for start in range(0, len(queries), BLOCK_SIZE):
        block = queries[start : start + BLOCK_SIZE]
        exact = block @ vectors.T
        border = np.partition(exact, -k, axis=1)[:, -k]
        tolerance = 1e-6 * np.abs(exact).max(axis=1)
        found, _ = index.search(block, k)
        found_exact = np.where(found >= 0, np.take_along_axis(exact, np.maximum(found, 0), axis=1), -np.inf)
        hits += int((found_exact >= (border - tolerance)[:, None]).sum())
    return hits / (len(queries) * k)
