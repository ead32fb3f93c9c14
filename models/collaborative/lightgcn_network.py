"""The propagation of LightGCN. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch

from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.graph_product import SparseProduct


class LightGcnNetwork(EmbeddingNetwork):
    """The mean of the first vectors and their smoothed ones.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
        product: The normalised adjacency.
        n_layers: Rounds of smoothing.
    """

    def __init__(self, users: torch.Tensor, items: torch.Tensor, product: SparseProduct, n_layers: int):
        super().__init__(users, items)
        self.product, self.n_layers = product, n_layers

    def spread(self, users: torch.Tensor, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`mean over k of A^k E_0`: users `[n_users, D]` and items `[n_items, D]`."""
        smoothed = mean_of_layers(torch.cat([users, items]), self.product, self.n_layers)  # U + I, D
        users, items = smoothed.split([len(users), len(items)])
        return users, items


def mean_of_layers(first: torch.Tensor, product: SparseProduct, n_layers: int) -> torch.Tensor:
    """`mean over k = 0 .. n_layers of A^k first`.

    Args:
        first: `[U + I, D]`, users first.
        product: The normalised adjacency A.
        n_layers: Rounds of smoothing; 0 for none.

    Returns:
        `[U + I, D]`.
    """
    total = layer = first
    for _ in range(n_layers):
        layer = product(layer)
        total = total + layer
    return total / (n_layers + 1)
