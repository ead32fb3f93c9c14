"""Numbers that tell vectors apart, so that an index can say whose vectors have changed since it was built."""

from __future__ import annotations

import numpy as np

SEED = 20_260_101


def row_fingerprints(vectors: np.ndarray) -> np.ndarray:
    """A number for each vector, from its bits: `sum_j bits[i, j] * multiplier[j]`, modulo 2**64.

    With odd random multipliers, which are the same every time, two different vectors have the same number with a
    probability of at most 2**-32. This finds what was trained again; it does not withstand someone who looks for two
    such vectors (the artifact's SHA-256 does).

    Args:
        vectors: `[n, embedding_size]` float32.

    Returns:
        `[n]` uint64.
    """
    bits = np.ascontiguousarray(vectors, dtype=np.float32).view(np.uint32)
    multipliers = np.random.default_rng(SEED).integers(2**64, size=bits.shape[1:], dtype=np.uint64)
    multipliers |= np.uint64(1)
    numbers = np.zeros(len(bits), dtype=np.uint64)
    for column, multiplier in zip(bits.T, multipliers, strict=True):
        numbers += column * multiplier
    return numbers ^ (numbers >> np.uint64(32))
