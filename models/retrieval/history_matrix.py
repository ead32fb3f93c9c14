"""Users' histories as a sparse binary matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.interactions import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


MATRIX_BYTES = 16
"""Of an interaction while the matrix is made; it keeps half of that."""


def history_matrix(histories: Interactions, users: np.ndarray) -> csr_matrix:
    """`X[u, i] = 1` where user u has touched item i, `[n, n_items]` float32.

    Args:
        histories: The users' pasts.
        users: User indices into `histories`, `[n]`.
    """
    from scipy.sparse import csr_matrix

    users = np.asarray(users)
    lengths = histories.lengths()[users]
    ends = np.cumsum(lengths)
    if len(users) == histories.n_users and np.array_equal(users, np.arange(len(users))):
        items = np.array(histories.items)
    else:
        first = np.repeat(histories.offsets[users] - (ends - lengths), lengths)
        items = histories.items[first + np.arange(len(first))]
    indptr = np.concatenate([[0], ends])
    matrix = csr_matrix((np.ones(len(items), np.float32), items, indptr), (len(users), histories.n_items))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
