"""An index that finds what it should: searched harder until the recall is reached, exact where that does not help."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from models.ann.build import build_index
from models.ann.config import GRAPHS, INVERTED_FILES, AnnIndexConfig
from models.ann.index import AnnIndex
from models.ann.recall import ExactAnswers

MAX_DOUBLINGS = 5
MOST_REFINED = 16
"""Where `refine_factor` ends: what lies so far down the order of the codes is rarely among the best."""
ROUNDS = 2
"""Timed searches of which the faster counts: the first also warms the caches."""


class Tried(NamedTuple):
    """What one way of searching found, and what it took.

    Attributes:
        kind: As in the config, but not `auto`.
        effort: Candidates kept (graphs) or clusters visited (inverted files); `None` for exact search.
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
    built: AnnIndex | None = None,
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
        built: An index over these vectors to search instead of building one; where it does not find enough after all,
            one is built.

    Returns:
        The index and its recall@k, which is below `min_recall` only where `config` names a kind.
    """
    exact_answers = ExactAnswers(vectors, queries, k, config.metric)
    found = _with_enough_effort(built or build_index(vectors, config, ids), queries, exact_answers, min_recall)
    if built and found.recall < min_recall:
        return index_that_finds(vectors, queries, k, min_recall, config, ids)
    if found.built.config.kind == "flat":
        return found
    exact = build_index(vectors, config.model_copy(update={"kind": "flat"}), ids)
    becomes_exact = config.kind == "auto" and found.recall < min_recall
    yardstick = _try(exact, queries, exact_answers)._replace(is_used=becomes_exact)
    if becomes_exact:
        earlier = [one._replace(is_used=False) for one in found.tried]
        return FoundIndex(exact, yardstick.recall, [*earlier, yardstick])
    return found._replace(tried=[*found.tried, yardstick])


def with_enough_effort(
    index: AnnIndex, vectors: np.ndarray, queries: np.ndarray, k: int, min_recall: float
) -> FoundIndex:
    """Double the search effort until recall@k is reached.

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
    return _with_enough_effort(index, queries, ExactAnswers(vectors, queries, k, index.config.metric), min_recall)


def effort_of(config: AnnIndexConfig, k: int) -> int | None:
    """Candidates kept by a graph, clusters visited of an inverted file; `None` for exact search."""
    if config.kind in GRAPHS:
        return max(config.hnsw_search_breadth, k)
    return config.ivf_probes if config.kind in INVERTED_FILES else None


def twice_the_effort(config: AnnIndexConfig, k: int) -> dict[str, int]:
    """The settings of a search twice as hard; `ivf_pq` also ranks twice as many again, up to 16 for each of k."""
    effort = 2 * (effort_of(config, k) or 0)
    if config.kind in GRAPHS:
        return {"hnsw_search_breadth": effort}
    if config.kind != "ivf_pq":
        return {"ivf_probes": effort}
    refined = max(config.refine_factor, min(2 * config.refine_factor, MOST_REFINED))
    return {"ivf_probes": effort, "refine_factor": refined}


def _with_enough_effort(index: AnnIndex, queries: np.ndarray, exact: ExactAnswers, min_recall: float) -> FoundIndex:
    tried = [_try(index, queries, exact)]
    for _ in range(MAX_DOUBLINGS):
        if tried[-1].recall >= min_recall or tried[-1].effort is None:
            break
        index = index.searched_with(**twice_the_effort(index.config, exact.k))
        tried.append(_try(index, queries, exact))
    return FoundIndex(index, tried[-1].recall, [*tried[:-1], tried[-1]._replace(is_used=True)])


def _try(index: AnnIndex, queries: np.ndarray, exact: ExactAnswers) -> Tried:
    recall = float(exact.recalls(index.search(queries, exact.k)[0]).mean())
    effort = effort_of(index.config, exact.k)
    return Tried(index.config.kind, effort, recall, _microseconds(index, queries, exact.k))


def _microseconds(index: AnnIndex, queries: np.ndarray, k: int) -> float:
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        index.search(queries, k)
        seconds.append(time.perf_counter() - started)
    return 1e6 * min(seconds) / len(queries)
