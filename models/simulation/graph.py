"""The hidden graph of complements: which items people want after which."""

from __future__ import annotations

import numpy as np

from models.simulation.vocabulary import SHELVES

CELLS = 4_000_000
SAME_SHELF_PENALTY = 4.0
LIKENESS = 8.0


def successor_graph(
    shelf: np.ndarray, factors: np.ndarray, appeal: np.ndarray, n_successors: int, rng: np.random.Generator
) -> np.ndarray:
    """Choose each item's successors, the strongest first.

    They come from the shelves that complete the item's own and, less often, from its own; a like style, some appeal
    and chance decide. The graph has a direction: a tent leads to a sleeping bag more than the other way round.

    Args:
        shelf: `[n_items]` index into `SHELVES`.
        factors: `[n_items, taste_dimensions]`, unit length.
        appeal: `[n_items]` logits.
        n_successors: Successors per item.
        rng: Source of chance.

    Returns:
        `[n_items, n_successors]` int32, no item its own successor; small shelves are filled up with any items.
    """
    n_items = len(shelf)
    by_name = {shelf_words.name: index for index, shelf_words in enumerate(SHELVES)}
    successors = np.empty((n_items, n_successors), dtype=np.int32)
    for index, words in enumerate(SHELVES):
        own = np.flatnonzero(shelf == index)
        next_shelves = [by_name[name] for name in words.leads_to]
        pool = np.flatnonzero(np.isin(shelf, [index, *next_shelves]))
        if len(pool) <= n_successors:
            pool = np.arange(n_items)
        bonus = 0.5 * appeal[pool] - SAME_SHELF_PENALTY * (shelf[pool] == index)
        for start in range(0, len(own), max(1, CELLS // len(pool))):
            rows = own[start : start + max(1, CELLS // len(pool))]
            score = LIKENESS * (factors[rows] @ factors[pool].T) + bonus + rng.gumbel(size=(len(rows), len(pool)))
            score[rows[:, None] == pool] = -np.inf
            best = np.argpartition(-score, n_successors - 1, axis=1)[:, :n_successors]
            order = np.argsort(-np.take_along_axis(score, best, axis=1), axis=1)
            successors[rows] = pool[np.take_along_axis(best, order, axis=1)]
    return successors
