"""The k best items of each user from an ANN index of a vector retriever, exact again where the index fell short."""

from __future__ import annotations

import numpy as np

from models.ann.build import refuse_unusable
from models.ann.compatibility import refuse_other_vectors
from models.ann.index import AnnIndex
from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.recommend import check_allowed, recommend, seen_items
from models.retrieval.top_k import top_k


def top_k_by_index(
    retriever: Retriever,
    index: AnnIndex,
    histories: Interactions,
    users: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
    block_size: int = 1024,
    overfetch: int = 4,
) -> tuple[np.ndarray, np.ndarray]:
    """Like `recommend`, but searching an index instead of scoring the whole catalogue.

    The index is asked for `overfetch * k` of the allowed items; seen ones are dropped; users left with fewer than k
    are done again by exact ranking. So no list is shorter than an exact one, though it may miss an item the index
    missed. Where the index keeps only codes of the vectors, what it found is scored by the vectors.

    Args:
        retriever: A fitted retriever with vectors.
        index: An index over `retriever.item_vectors()`, by inner product (see `by_cosine.compared_by`).
        histories: The users' pasts; every item in a user's history, or taken back, counts as seen.
        users: User indices into `histories`, `[n]`.
        k: List length, at least 1.
        allowed: `[n_items]` bool, false for items that may not be recommended; `None` allows all.
        block_size: Users searched at once.
        overfetch: Items fetched per item wanted, at least 1.

    Returns:
        Items `[n, k]` int32 and scores `[n, k]` float32, as `recommend` returns them.

    Raises:
        ValueError: `allowed` has the wrong length.
        UserError: The index is of other vectors than the retriever's, or a user's vector is not finite (named).
    """
    check_allowed(allowed, histories.n_items)
    item_vectors, users = retriever.item_vectors(), np.asarray(users)
    refuse_other_vectors(index, item_vectors, histories.item_ids)
    items = np.full((len(users), k), -1, dtype=np.int32)
    scores = np.full((len(users), k), -np.inf, dtype=np.float32)
    n_fetched = min(overfetch * k, histories.n_items)
    for start in range(0, len(users), block_size):
        block = users[start : start + block_size]
        queries = retriever.user_vectors(histories, block)
        refuse_unusable(queries, histories.user_ids[block], f"user vectors of {retriever.name}", False)
        found, found_scores = index.search(queries, n_fetched, allowed)
        if not index.config.scores_are_exact:
            found_scores = np.einsum("nd,nkd->nk", queries, item_vectors[found])
        _drop(found, found_scores, histories, block)
        items[start : start + block_size], scores[start : start + block_size] = _best(found, found_scores, k)
    short = np.flatnonzero(items[:, -1] < 0)
    if len(short):
        items[short], scores[short] = recommend(retriever, histories, users[short], k, allowed, block_size)
    return items, scores


def _drop(found: np.ndarray, scores: np.ndarray, histories: Interactions, users: np.ndarray) -> None:
    """Give seen and missing (-1) items the score `-inf`, in place."""
    rows, seen = seen_items(histories, users)
    found_keys = np.arange(len(users))[:, None] * histories.n_items + found
    scores[np.isin(found_keys, rows * histories.n_items + seen) | (found < 0)] = -np.inf


def _best(found: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best found items of each row, ties by item index, padded like `top_k`."""
    by_item = np.argsort(found, axis=1)
    found = np.take_along_axis(found, by_item, axis=1)
    columns, best = top_k(np.take_along_axis(scores, by_item, axis=1), k)
    items = np.take_along_axis(found, np.maximum(columns, 0), axis=1) if found.shape[1] else columns
    return np.where(columns >= 0, items, -1).astype(np.int32), best
