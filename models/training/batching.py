"""Batches of sequences of like length, so that next to nothing is computed on padding."""

from __future__ import annotations

import numpy as np


def length_buckets(lengths: np.ndarray, batch_tokens: int, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Divide sequences into batches of at most `batch_tokens` positions, padding included.

    Sequences are taken longest first, so those of a batch are as alike in length as the data allow; a batch is
    `rows * longest row` positions.

    Args:
        lengths: Length of every sequence, `[n]`, at least 1 each.
        batch_tokens: Positions per batch; a longer sequence becomes a batch of its own.
        rng: Draws which sequences of equal length meet, and the order of the batches; `None` keeps both fixed.

    Returns:
        Arrays of sequence indices; every index is in exactly one.
    """
    ties = rng.random(len(lengths)) if rng is not None else np.arange(len(lengths))
    order = np.lexsort((ties, -np.asarray(lengths, dtype=np.int64)))
    batches = []
    start = 0
    while start < len(order):
        n_rows = max(1, batch_tokens // int(lengths[order[start]]))
        batches.append(order[start : start + n_rows])
        start += n_rows
    if rng is not None:
        batches = [batches[i] for i in rng.permutation(len(batches))]
    return batches
