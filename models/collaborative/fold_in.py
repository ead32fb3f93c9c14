"""A vector for somebody who was not trained on: a linear map of the mean of what they touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def mean_vectors(matrix: csr_matrix, items: np.ndarray) -> np.ndarray:
    """The mean of the item vectors of each history.

    Args:
        matrix: `[n, n_items]`, binary.
        items: `[n_items, D]` float32.

    Returns:
        `[n, D]` float32; 0 without a history.
    """
    lengths = np.maximum(np.diff(matrix.indptr), 1).astype(np.float32)
    return np.asarray(matrix @ items, dtype=np.float32) / lengths[:, None]


def fold_in_map(means: np.ndarray, users: np.ndarray, l2: float) -> np.ndarray:
    """The ridge regression of trained user vectors on the means of their histories.

    `M = (H'H + l2 I)^-1 H'X` with `H = means` and `X = users`.

    Args:
        means: `[n, D]` float32.
        users: `[n, D]` float32.
        l2: Strength of the penalty, above 0.

    Returns:
        `[D, D]` float32.
    """
    wide = means.astype(np.float64)
    normal = wide.T @ wide + l2 * np.eye(wide.shape[1])
    return np.linalg.solve(normal, wide.T @ users.astype(np.float64)).astype(np.float32)
