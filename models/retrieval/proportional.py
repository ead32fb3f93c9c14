"""Candidates of several interests, drawn in proportion to the interests' weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.retrieval.interests import Interests

Search = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Called with queries `[r, D]` and the user of each as a row of the weights `[r]`; answers `[r, L]` items, best first,
-1 where there are fewer, none of them seen or disallowed."""

DECIMALS = 3
"""Of a share of k that count: weights are float32, and .7 of 10 must be 7."""


def quotas(weights: np.ndarray, k: int) -> np.ndarray:
    """How many of a user's k candidates each interest draws: by the largest remainder (Hamilton's method).

    Each gets the whole part of `k weight`, and those with the largest rest one more until k are given; of equal rests
    the heavier interest's, then the earlier one's, comes first.

    Args:
        weights: `[n, m]`, at least 0.
        k: List length, at least 1.

    Returns:
        `[n, m]` int64, each row's sum k, or 0 where all weights are 0.
    """
    weights = np.asarray(weights, dtype=np.float64)
    totals = weights.sum(axis=1, keepdims=True)
    shares = k * weights / np.where(totals > 0, totals, 1.0)
    shares = np.round(shares, DECIMALS)
    whole = np.floor(shares)
    rests = np.round(shares - whole, DECIMALS)
    order = np.lexsort((-weights, -rests), axis=1)
    places = np.argsort(order, axis=1)
    missing = np.where(totals > 0, k, 0) - whole.sum(axis=1, keepdims=True)
    return (whole + (places < missing)).astype(np.int64)


def draw(lists: np.ndarray, wanted: np.ndarray, n_items: int) -> np.ndarray:
    """Each interest in turn takes its quota of the best items of its list that none before it has taken.

    Where a list is too short for its quota, the others fill up, the first of them first, with what is left of theirs.

    Args:
        lists: `[n, m, L]` int32 items of each interest, best first; -1 where there are fewer.
        wanted: `[n, m]` quotas, see `quotas`.
        n_items: Size of the vocabulary.

    Returns:
        `[n, k]` int32 with the k of the largest row of quotas, in the order they were drawn, no item twice in a row;
        -1 at the end where the lists ran out.
    """
    n, m, _ = lists.shape
    in_all = wanted.sum(axis=1)
    drawn = np.full((n, int(in_all.max(initial=0))), -1, dtype=np.int32)
    n_drawn = np.zeros(n, dtype=np.int64)
    keys = np.arange(n, dtype=np.int64)[:, None] * n_items
    for turn in range(2 * m):
        own = lists[:, turn % m]
        need = wanted[:, turn] if turn < m else in_all - n_drawn
        if not need.any():
            continue
        taken = (keys + drawn)[drawn >= 0]
        free = (own >= 0) & ~np.isin(keys + own, taken)
        place = np.cumsum(free, axis=1) - 1
        rows, columns = np.nonzero(free & (place < need[:, None]))
        drawn[rows, n_drawn[rows] + place[rows, columns]] = own[rows, columns]
        n_drawn += np.minimum(need, free.sum(axis=1))
    return drawn


def drawn_in_proportion(interests: Interests, k: int, n_items: int, search: Search) -> np.ndarray:
    """k items for each user, each interest's share of them in proportion to its weight.

    The heaviest interest takes first. Only interests with a quota are searched for.

    Args:
        interests: Of n users.
        k: List length, at least 1.
        n_items: Size of the vocabulary.
        search: How the best items of an interest are found, at least k of them where there are as many.

    Returns:
        `[n, k]` int32, in the order they were drawn; -1 where fewer were found.
    """
    sorted_ = interests.heaviest_first()
    wanted = quotas(sorted_.weights, k)
    rows, columns = np.nonzero(wanted)
    items = np.full((len(wanted), k), -1, dtype=np.int32)
    if len(rows):
        found = search(sorted_.vectors[rows, columns], rows)
        lists = np.full((*wanted.shape, found.shape[1]), -1, dtype=np.int32)
        lists[rows, columns] = found
        items[:] = draw(lists, wanted, n_items)
    return items
