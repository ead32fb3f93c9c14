"""Users as mixtures over clusters of items, smoothed by the mixtures of users like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.interests import Interests
from models.retrieval.top_k import top_k

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SLAB_ELEMENTS = 2**24
"""Similarities held at once: 64 MiB."""


def shares(matrix: csr_matrix) -> csr_matrix:
    """`P[u, i] = 1 / n_u` where user u has touched item i; an empty row stays one.

    Args:
        matrix: `[n, n_items]`, binary.
    """
    from scipy.sparse import diags

    lengths = np.maximum(np.diff(matrix.indptr), 1)
    return (diags((1.0 / lengths).astype(np.float32)) @ matrix).tocsr()


def nearest_users(vectors: np.ndarray, others: np.ndarray, own: np.ndarray, k: int) -> np.ndarray:
    """The k others whose vectors have the largest inner product with each user's.

    Args:
        vectors: `[n, D]` float32.
        others: `[r, D]` float32.
        own: `[n]` int, which of the others each user is; -1 for none. Nobody is their own neighbour.
        k: At least 1.

    Returns:
        `[n, k]` int32, best first, ties by position; -1 where there are fewer.
    """
    found = np.full((len(vectors), k), -1, dtype=np.int32)
    n_at_once = max(1, SLAB_ELEMENTS // max(len(others), 1))
    for start in range(0, len(vectors), n_at_once):
        slab = slice(start, start + n_at_once)
        alike = vectors[slab] @ others.T
        known = np.flatnonzero(own[slab] >= 0)
        alike[known, own[slab][known]] = -np.inf
        found[slab] = top_k(alike, k)[0]
    return found


def smoothed(own: csr_matrix, others: csr_matrix, neighbours: np.ndarray, own_weight: float) -> csr_matrix:
    """What users and their neighbours touch: `q_u = w p_u + (1 - w) mean over v in N(u) of p_v`.

    Args:
        own: `p` of the users, `[n, n_items]`, rows that sum to 1, or to 0 without a history.
        others: `p` of those who may be neighbours, `[r, n_items]`.
        neighbours: `[n, k]` rows of `others`; -1 for none.
        own_weight: `w`, in [0, 1].

    Returns:
        `[n, n_items]`; `p_u` where u has no neighbour, 0 where u has no history.
    """
    from scipy.sparse import csr_matrix, diags

    has_history = np.diff(own.indptr) > 0
    present = (neighbours >= 0) & has_history[:, None]
    n_present = present.sum(axis=1)
    rows, columns = np.nonzero(present)
    each = (1.0 - own_weight) / np.maximum(n_present, 1)
    picked = csr_matrix(
        (each[rows].astype(np.float32), (rows, neighbours[rows, columns])), (own.shape[0], others.shape[0])
    )
    weights = np.where(n_present > 0, own_weight, 1.0).astype(np.float32)
    return (diags(weights) @ own + picked @ others).tocsr()


def mixtures(
    touched: csr_matrix, cluster_of: np.ndarray, n_clusters: int, item_vectors: np.ndarray, n_interests: int
) -> Interests:
    """The heaviest clusters of each user as interests.

    The weight of cluster c is `p(c | u) = sum over its items i of q_ui`, and its vector the centroid of what was
    touched there, `sum over its items i of q_ui v_i / p(c | u)`.

    Args:
        touched: `q`, `[n, n_items]`.
        cluster_of: `[n_items]` int.
        n_clusters: How many there are.
        item_vectors: `v`, `[n_items, D]` float32.
        n_interests: Clusters kept of each user, the heaviest, of equal ones the first; their weights are scaled to sum
            to 1.
    """
    from scipy.sparse import csr_matrix

    n, n_items = touched.shape
    entries = touched.tocoo()
    cluster = cluster_of[entries.col]
    of_all = np.bincount(
        entries.row.astype(np.int64) * n_clusters + cluster, weights=entries.data, minlength=n * n_clusters
    )
    of_all = of_all.reshape(n, n_clusters).astype(np.float32)
    kept, weights = top_k(of_all, min(n_interests, n_clusters))
    m = kept.shape[1]
    place = np.full((n, n_clusters), -1, dtype=np.int64)
    np.put_along_axis(place, kept, np.broadcast_to(np.arange(m), kept.shape), axis=1)
    at = place[entries.row, cluster]
    inside = at >= 0
    row = entries.row[inside].astype(np.int64) * m + at[inside]
    parts = csr_matrix((entries.data[inside] / weights.ravel()[row], (row, entries.col[inside])), (n * m, n_items))
    vectors = np.asarray(parts @ item_vectors, dtype=np.float32).reshape(n, m, -1)
    totals = weights.sum(axis=1, keepdims=True)
    return Interests(vectors, (weights / np.where(totals > 0, totals, 1)).astype(np.float32))
