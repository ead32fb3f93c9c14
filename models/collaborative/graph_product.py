"""Products with sparse matrices of users and items, and their gradients. Imported only when needed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from scipy.sparse import bmat, csr_matrix


class _Product(torch.autograd.Function):
    """`M x`, whose gradient is `M' g`: with the transposed at hand, none is made at each step."""

    @staticmethod
    def forward(ctx: Any, matrix: torch.Tensor, transposed: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """`M x`."""
        ctx.transposed = transposed
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[None, None, torch.Tensor]:
        """`M' g`."""
        return None, None, ctx.transposed @ grads[0].contiguous()


class SparseProduct:
    """A sparse matrix to multiply with.

    A plain object and no module: it is made from the data, so no checkpoint holds it.

    Args:
        matrix: `[n, m]`.
        device: Where products are computed.
        symmetric: Whether it is its own transposed.
    """

    def __init__(self, matrix: csr_matrix, device: torch.device | str = "cpu", symmetric: bool = False):
        self.matrix = _to_torch(matrix, device)
        self.transposed = self.matrix if symmetric else _to_torch(matrix.T.tocsr(), device)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """`M x` for `[m, D]` float32."""
        with torch.autocast(x.device.type, enabled=False):
            return _Product.apply(self.matrix, self.transposed, x.float())


def adjacency_product(graph: csr_matrix, device: torch.device | str = "cpu") -> SparseProduct:
    """The adjacency `[[0, N], [N', 0]]` of a user x item matrix N, users first.

    Args:
        graph: `[n_users, n_items]`, normalised.
        device: Where products are computed.
    """
    return SparseProduct(bmat([[None, graph], [graph.T, None]], format="csr"), device, symmetric=True)


def _to_torch(matrix: csr_matrix, device: torch.device | str) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch calls its CSR matrices a beta
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data.astype(np.float32)),
            size=matrix.shape,
            device=device,
        )
