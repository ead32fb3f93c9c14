"""Users' histories as a sparse binary matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.interactions import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def history_matrix(histories: Interactions, users: np.ndarray) -> csr_matrix:
    """`X[u, i] = 1` where user u has touched item i, `[n, n_items]` float32.

    Args:
        histories: The users' pasts.
        users: User indices into `histories`, `[n]`.
    """
    from scipy.sparse import csr_matrix

    lengths = histories.lengths()[users]
    rows = np.repeat(np.arange(len(users)), lengths)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    items = histories.items[within + np.repeat(histories.offsets[users], lengths)]
    matrix = csr_matrix((np.ones(len(rows), np.float32), (rows, items)), (len(users), histories.n_items))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
