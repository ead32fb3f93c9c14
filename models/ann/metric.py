"""Vectors as an index compares them."""

from __future__ import annotations

import numpy as np


def prepared(vectors: np.ndarray, metric: str) -> np.ndarray:
    """Vectors whose inner product is the metric: as they are, or each divided by its length.

    Args:
        vectors: `[..., embedding_size]`.
        metric: `inner_product` or `cosine`.

    Returns:
        `[..., embedding_size]` float32 in C order; under `cosine` a vector of zeros stays one.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if metric == "inner_product":
        return vectors
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, np.float32(1))
