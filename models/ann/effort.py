"""An index that finds what it should: searched harder until the recall is reached, exact where that does not help."""

from __future__ import annotations

import numpy as np

from models.ann.config import AnnIndexConfig
from models.ann.index import AnnIndex, build_index
from models.ann.recall import measured_recall

MAX_DOUBLINGS = 5


def index_that_finds(
    vectors: np.ndarray,
    queries: np.ndarray,
    k: int,
    min_recall: float,
    config: AnnIndexConfig,
    ids: np.ndarray | None = None,
) -> tuple[AnnIndex, float]:
    """Build an index and search it as hard as the recall asks; with kind `auto`, exactly where effort is not enough.

    A graph finds little among vectors without neighbourhoods: items nobody has touched keep about the random vectors
    they began with, and a catalogue can consist mostly of them.

    Args:
        vectors: `[n, embedding_size]` float32.
        queries: Vectors to search with, `[n_queries, embedding_size]` float32.
        k: List length.
        min_recall: The recall wanted, in [0, 1].
        config: Which index, and how hard it is searched at first.
        ids: `[n]` names of the vectors, for errors only.

    Returns:
        The index and its recall@k, which is below `min_recall` only where `config` names a kind.
    """
    index, recall = with_enough_effort(build_index(vectors, config, ids), vectors, queries, k, min_recall)
    if config.kind == "auto" and recall < min_recall:
        index = build_index(vectors, config.model_copy(update={"kind": "flat"}), ids)
        recall = measured_recall(index, vectors, queries, k)
    return index, recall


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
