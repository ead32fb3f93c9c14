"""How hard an index must be searched to find what it should: more breadth until the recall is reached."""

from __future__ import annotations

import numpy as np

from models.ann.index import AnnIndex
from models.ann.recall import measured_recall

MAX_DOUBLINGS = 5


def with_enough_effort(
    index: AnnIndex, vectors: np.ndarray, queries: np.ndarray, k: int, min_recall: float
) -> tuple[AnnIndex, float]:
    """Double the search effort (`hnsw_search_breadth` or `ivf_probes`) until recall@k is reached.

    The index itself is not built again. At most five doublings; a flat index is exact and is left as it is.

    Args:
        index: A built index.
        vectors: What is in it, `[n, embedding_size]` float32.
        queries: Vectors to search with, `[n_queries, embedding_size]` float32.
        k: List length.
        min_recall: The recall wanted, in [0, 1].

    Returns:
        The index with the smallest tried effort that reaches `min_recall` (or the largest tried), and its recall@k.
    """
    recall = measured_recall(index, vectors, queries, k)
    for _ in range(MAX_DOUBLINGS):
        if recall >= min_recall or index.config.kind == "flat":
            break
        field = "hnsw_search_breadth" if index.config.kind == "hnsw" else "ivf_probes"
        effort = 2 * max(getattr(index.config, field), k if field == "hnsw_search_breadth" else 1)
        index = AnnIndex(index.index, index.config.model_copy(update={field: effort}))
        recall = measured_recall(index, vectors, queries, k)
    return index, recall
