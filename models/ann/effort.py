"""An index that finds what it should: searched harder until the recall is reached, exact where that does not help."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from models.ann.config import AnnIndexConfig
from models.ann.index import AnnIndex, build_index
from models.ann.recall import measured_recall

MAX_DOUBLINGS = 5
ROUNDS = 2
"""Timed searches of which the faster counts: the first also warms the caches."""


class Tried(NamedTuple):
    """What one way of searching found, and what it took.

    Attributes:
        kind: `flat`, `hnsw` or `ivf_flat`.
        effort: Candidates kept (`hnsw`) or clusters visited (`ivf_flat`); `None` for exact search.
        recall: Recall@k against exact search.
        microseconds: Time of one query when all are searched at once, with the config's threads.
        is_used: Whether it is how the index will be searched.
    """

    kind: str
    effort: int | None
    recall: float
    microseconds: float
    is_used: bool = False


class FoundIndex(NamedTuple):
    """An index, its recall@k, and every way of searching that was tried, in order."""

    built: AnnIndex
    recall: float
    tried: list[Tried]


def index_that_finds(
    vectors: np.ndarray,
    queries: np.ndarray,
    k: int,
    min_recall: float,
    config: AnnIndexConfig,
    ids: np.ndarray | None = None,
) -> FoundIndex:
    """Build an index and search it as hard as the recall asks; with kind `auto`, exactly where effort is not enough.

    A graph finds little among vectors without neighbourhoods: items nobody has touched keep about the random vectors
    they began with, and a catalogue can consist mostly of them. Exact search is timed in any case, as the yardstick.

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
    found = with_enough_effort(build_index(vectors, config, ids), vectors, queries, k, min_recall)
    if found.built.config.kind == "flat":
        return found
    exact = build_index(vectors, config.model_copy(update={"kind": "flat"}), ids)
    becomes_exact = config.kind == "auto" and found.recall < min_recall
    yardstick = _try(exact, vectors, queries, k)._replace(is_used=becomes_exact)
    if becomes_exact:
        earlier = [one._replace(is_used=False) for one in found.tried]
        return FoundIndex(exact, yardstick.recall, [*earlier, yardstick])
    return found._replace(tried=[*found.tried, yardstick])


def with_enough_effort(
    index: AnnIndex, vectors: np.ndarray, queries: np.ndarray, k: int, min_recall: float
) -> FoundIndex:
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
    tried = [_try(index, vectors, queries, k)]
    for _ in range(MAX_DOUBLINGS):
        effort = tried[-1].effort
        if tried[-1].recall >= min_recall or effort is None:
            break
        field = "hnsw_search_breadth" if index.config.kind == "hnsw" else "ivf_probes"
        index = AnnIndex(index.index, index.config.model_copy(update={field: 2 * effort}))
        tried.append(_try(index, vectors, queries, k))
    return FoundIndex(index, tried[-1].recall, [*tried[:-1], tried[-1]._replace(is_used=True)])


def _try(index: AnnIndex, vectors: np.ndarray, queries: np.ndarray, k: int) -> Tried:
    config = index.config
    efforts = {"hnsw": max(config.hnsw_search_breadth, k), "ivf_flat": config.ivf_probes}
    recall = measured_recall(index, vectors, queries, k)
    return Tried(config.kind, efforts.get(config.kind), recall, _microseconds(index, queries, min(k, len(vectors))))


def _microseconds(index: AnnIndex, queries: np.ndarray, k: int) -> float:
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        index.search(queries, k)
        seconds.append(time.perf_counter() - started)
    return 1e6 * min(seconds) / len(queries)
