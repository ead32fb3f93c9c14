"""Drawing items by weight: the logging policy's lists and their propensities, and single draws."""

from __future__ import annotations

import numpy as np

LOWEST = np.float32(70.0)


def draw_lists(
    logits: np.ndarray, length: int, temperature: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a list for each row, item by item without replacement, each with a chance proportional to its weight.

    The weights are `exp(logits / temperature)`. Drawing one item after the other is the same as ordering the items by
    independent exponential waiting times with these weights as rates, which needs one pass.

    Args:
        logits: `[n, n_items]`; `-inf` for an item that may not be shown.
        length: Items per list, at most the number of items that may be shown.
        temperature: Above 0; higher is more random.
        rng: Source of chance.

    Returns:
        Items `[n, length]` int32 in order of position, and propensities `[n, length]` float64: the chance that the
        policy shows this item at this position, given the items above it.
    """
    weights = policy_weights(logits, temperature)
    waiting = rng.standard_exponential(weights.shape, dtype=np.float32)
    waiting = np.divide(waiting, weights, out=np.full_like(weights, np.inf), where=weights > 0)
    chosen = np.argpartition(waiting, length - 1, axis=1)[:, :length]
    order = np.argsort(np.take_along_axis(waiting, chosen, axis=1), axis=1)
    items = np.take_along_axis(chosen, order, axis=1)
    shown = np.take_along_axis(weights, items, axis=1).astype(np.float64)
    left = weights.sum(axis=1, dtype=np.float64)[:, None] - (np.cumsum(shown, axis=1) - shown)
    return items.astype(np.int32), shown / np.maximum(left, shown)


def policy_weights(logits: np.ndarray, temperature: float) -> np.ndarray:
    """`exp(logits / temperature)`, scaled so that each row's largest is 1, `[n, n_items]` float32.

    No finite logit gets a weight below `exp(-LOWEST)`, so that every item on sale can be shown.
    """
    scaled = (logits / np.float32(temperature)).astype(np.float32)
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.exp(np.where(np.isneginf(scaled), scaled, np.maximum(scaled, -LOWEST)))


def examination(length: int, position_bias: float) -> np.ndarray:
    """Chance that each position is looked at, `[length]`; 1 for the first."""
    return np.arange(1, length + 1) ** -float(position_bias)


def draw_from_rows(cumulative: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one column from each of some rows, by bisection.

    Args:
        cumulative: `[n, n_items]` running sums of weights, the last column above 0.
        rows: Rows to draw from, `[m]`; may repeat.
        rng: Source of chance.

    Returns:
        `[m]` int64; never a column of weight 0.
    """
    target = rng.random(len(rows)) * cumulative[rows, -1]
    low = np.zeros(len(rows), dtype=np.int64)
    high = np.full(len(rows), cumulative.shape[1] - 1, dtype=np.int64)
    for _ in range(cumulative.shape[1].bit_length()):
        middle = (low + high) // 2
        beyond = cumulative[rows, middle] > target
        high = np.where(beyond, middle, high)
        low = np.where(beyond, low, np.minimum(middle + 1, high))
    return high
