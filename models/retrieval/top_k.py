"""The k largest scores of each row, with ties broken the same way on every machine."""

from __future__ import annotations

import numpy as np


def top_k(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best columns of each row: score descending, then column ascending.

    Args:
        scores: `[n, n_items]` float32, finite, or `-inf` for a column that may not be chosen.
        k: List length, at least 1.

    Returns:
        Columns `[n, k]` int32 and their scores `[n, k]` float32. Where a row has fewer than k choosable columns, it
        is padded at its end with column -1 and score `-inf`.
    """
    n, n_items = scores.shape
    width = min(k, n_items)
    items = np.full((n, k), -1, dtype=np.int32)
    best = np.full((n, k), -np.inf, dtype=np.float32)
    if n == 0 or width == 0:
        return items, best
    chosen = _unordered_top(scores, width)
    chosen.sort(axis=1)
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    items[:, :width] = np.take_along_axis(chosen, order, axis=1)
    best[:, :width] = np.take_along_axis(values, order, axis=1)
    items[np.isneginf(best)] = -1
    return items, best


def _unordered_top(scores: np.ndarray, width: int) -> np.ndarray:
    """The columns of the `width` best scores of each row, `[n, width]`, in any order.

    A partition takes any of the columns that tie at its border, so rows with such a tie are done again: everything
    above the border, then the lowest columns at it.
    """
    n_items = scores.shape[1]
    if width == n_items:
        return np.tile(np.arange(n_items), (len(scores), 1))
    chosen = np.argpartition(scores, n_items - width, axis=1)[:, n_items - width :]
    border = np.take_along_axis(scores, chosen, axis=1).min(axis=1)
    tied = (np.count_nonzero(scores >= border[:, None], axis=1) > width) & ~np.isneginf(border)
    for row in np.flatnonzero(tied):
        above = np.flatnonzero(scores[row] > border[row])
        at_border = np.flatnonzero(scores[row] == border[row])
        chosen[row] = np.concatenate([above, at_border[: width - len(above)]])
    return chosen
