"""Products with the symmetric adjacency of users and items, and their gradients. Imported only when needed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from scipy.sparse import bmat, csr_matrix


class _SymmetricProduct(torch.autograd.Function):
    """`A x`, whose gradient is `A g` because A is symmetric: no transposed copy is made at each step."""

    @staticmethod
    def forward(ctx: Any, adjacency: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """`A x`."""
        ctx.adjacency = adjacency
        return adjacency @ x

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[None, torch.Tensor]:
        """`A g`."""
        return None, ctx.adjacency @ grads[0].contiguous()


class GraphProduct:
    """The adjacency `[[0, N], [N', 0]]` of a user x item matrix N, as a sparse torch matrix.

    A plain object and no module: it is made from the data, so no checkpoint holds it.

    Args:
        graph: `[n_users, n_items]`, normalised.
        device: Where products are computed.
    """

    def __init__(self, graph: csr_matrix, device: torch.device | str = "cpu"):
        both = bmat([[None, graph], [graph.T, None]], format="csr", dtype=np.float32)
        both.sort_indices()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch calls its CSR matrices a beta
            self.adjacency = torch.sparse_csr_tensor(
                torch.from_numpy(both.indptr.astype(np.int64)),
                torch.from_numpy(both.indices.astype(np.int64)),
                torch.from_numpy(both.data),
                size=both.shape,
                device=device,
            )

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """`A x` for `[n_users + n_items, D]` float32."""
        with torch.autocast(x.device.type, enabled=False):
            return _SymmetricProduct.apply(self.adjacency, x.float())
