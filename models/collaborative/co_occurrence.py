"""Which items go together by shared users, and how strongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BLOCK_ITEMS = 1024


def nearest_items(matrix: csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Each item's k nearest others by `omega_ij = G_ij / (g_i - G_ii) sqrt(g_i / g_j)`.

    `G = R'R` counts shared users and `g_i = sum over k of G_ik`. Mao et al., UltraGCN, CIKM 2021, Sec. 3.2. Counted in
    blocks, so that G is never held whole.

    Args:
        matrix: R, `[n_users, n_items]`, binary.
        k: Neighbours, at least 1.

    Returns:
        Items `[n_items, k]` int64 and omegas `[n_items, k]` float32, highest first, equal ones by item; item 0 with
        weight 0 where there are fewer.
    """
    n_items = matrix.shape[1]
    found, weights = np.zeros((n_items, k), dtype=np.int64), np.zeros((n_items, k), dtype=np.float32)
    by_item = matrix.T.tocsr()
    totals = by_item @ (matrix @ np.ones(n_items, dtype=np.float64))
    degrees = np.diff(by_item.indptr)
    for start in range(0, n_items, BLOCK_ITEMS):
        block = (by_item[start : start + BLOCK_ITEMS] @ matrix).tocsr()
        owners = start + np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        others = block.indices != owners
        owners, items, shared = owners[others], block.indices[others], block.data[others]
        omegas = shared / (totals - degrees)[owners] * np.sqrt(totals[owners] / totals[items])
        order = np.lexsort((items, -omegas, owners))
        owners, items, omegas = owners[order], items[order], omegas[order]
        first = np.searchsorted(owners, owners)
        place = np.arange(len(owners)) - first
        kept = place < k
        found[owners[kept], place[kept]] = items[kept]
        weights[owners[kept], place[kept]] = omegas[kept]
    return found, weights
