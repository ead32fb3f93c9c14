"""The propagation of LightGCN. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch

from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.graph_product import SparseProduct


class LightGcnNetwork(EmbeddingNetwork):
    """The mean of the first vectors, unless left out, and their smoothed ones.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
        product: The normalised adjacency.
        n_layers: Rounds of smoothing.
        first_layer: The round from which on they count.
    """

    def __init__(
        self, users: torch.Tensor, items: torch.Tensor, product: SparseProduct, n_layers: int, first_layer: int = 0
    ):
        super().__init__(users, items)
        self.product, self.n_layers, self.first_layer = product, n_layers, first_layer

    def spread(self, users: torch.Tensor, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`mean over k of A^k E_0`: users `[n_users, D]` and items `[n_items, D]`."""
        first = torch.cat([users, items])  # U + I, D
        smoothed = mean_of_layers(first, self.product, self.n_layers, self.first_layer)
        users, items = smoothed.split([len(users), len(items)])
        return users, items


def mean_of_layers(first: torch.Tensor, product: SparseProduct, n_layers: int, first_layer: int = 0) -> torch.Tensor:
    """`mean over k = first_layer .. n_layers of A^k first`.

    Args:
        first: `[U + I, D]`, users first.
        product: The normalised adjacency A.
        n_layers: Rounds of smoothing; 0 for none.
        first_layer: At most `n_layers`.

    Returns:
        `[U + I, D]`.
    """
    layer = first
    for _ in range(first_layer):
        layer = product(layer)
    total = layer
    for _ in range(n_layers - first_layer):
        layer = product(layer)
        total = total + layer
    return total / (n_layers - first_layer + 1)
