"""The largest singular values and vectors of a sparse matrix, by random subspace iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

OVERSAMPLING = 32
NEGLIGIBLE = 1e-5
"""Singular values below this share of the largest are 0 in single precision; their vectors would be noise."""


def truncated_svd(
    matrix: csr_matrix, rank: int, n_iterations: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`matrix ~ U diag(s) V'` with the `rank` largest singular values.

    Halko, Martinsson and Tropp, "Finding Structure with Randomness", SIAM Review 2011, algorithms 4.4 and 5.1: a random
    subspace is multiplied by `M M'` and made orthonormal `n_iterations` times, then the small matrix that is left is
    factorised whole.

    Args:
        matrix: `[n, m]` float32.
        rank: Singular values wanted, at least 1.
        n_iterations: Multiplications by `M M'`; more part values that are close.
        seed: Of the first subspace.

    Returns:
        `U` `[n, k]`, `s` `[k]` descending and `V` `[m, k]`, float32; k is less than `rank` where the matrix has a
        lower rank. A vector's sign is such that the largest entry of its column of `V` is positive.
    """
    width = min(rank + OVERSAMPLING, *matrix.shape)
    if width == 0 or matrix.nnz == 0:
        return tuple(np.zeros(shape, np.float32) for shape in ((matrix.shape[0], 0), 0, (matrix.shape[1], 0)))  # type: ignore[return-value]
    transposed = matrix.T.tocsr()
    draws = np.random.default_rng(seed).standard_normal((matrix.shape[1], width)).astype(np.float32)
    basis = np.linalg.qr(matrix @ draws)[0]
    for _ in range(n_iterations):
        basis = np.linalg.qr(matrix @ np.linalg.qr(transposed @ basis)[0])[0]
    right, values, left = np.linalg.svd(transposed @ basis, full_matrices=False)
    k = min(rank, int((values > NEGLIGIBLE * values[0]).sum()))
    users, items = basis @ left[:k].T, right[:, :k]
    signs = np.sign(items[np.abs(items).argmax(axis=0), np.arange(k)])
    return users * signs, values[:k], items * signs
