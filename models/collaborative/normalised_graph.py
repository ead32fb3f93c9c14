"""The user x item matrix, each entry divided by powers of its user's and its item's number of interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def degree_powers(degrees: np.ndarray, exponent: float) -> np.ndarray:
    """`degrees ** exponent`, and 0 where the degree is 0.

    Args:
        degrees: `[n]` numbers of interactions, at least 0.
        exponent: Any; usually negative.

    Returns:
        `[n]` float32.
    """
    touched = np.maximum(degrees, 1).astype(np.float64)
    return np.where(degrees > 0, touched**exponent, 0.0).astype(np.float32)


def normalised_graph(matrix: csr_matrix, user_exponent: float = 0.5, item_exponent: float = 0.5) -> csr_matrix:
    """`R[u, i] / (d_u^user_exponent d_i^item_exponent)` with the numbers of entries `d_u` and `d_i`.

    With both exponents one half, as graph convolutions have it, no singular value is above 1.

    Args:
        matrix: `[n_users, n_items]`, binary.
        user_exponent: Of the user's degree.
        item_exponent: Of the item's degree.

    Returns:
        `[n_users, n_items]` float32.
    """
    users = degree_powers(np.diff(matrix.indptr), -user_exponent)
    items = degree_powers(np.bincount(matrix.indices, minlength=matrix.shape[1]), -item_exponent)
    normalised = matrix.copy()
    normalised.data = np.repeat(users, np.diff(matrix.indptr)) * items[matrix.indices]
    return normalised
