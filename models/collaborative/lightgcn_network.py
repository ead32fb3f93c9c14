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

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """`mean over k of A^k E_0`: users `[n_users, D]` and items `[n_items, D]`."""
        layer = torch.cat([self.users, self.items])  # U + I, D
        total = layer
        for _ in range(self.n_layers):
            layer = self.product(layer)
            total = total + layer
        users, items = (total / (self.n_layers + 1)).split([len(self.users), len(self.items)])
        return users, items
