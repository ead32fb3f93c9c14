"""The convolutions of NGCF. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.graph_product import SparseProduct
from models.training.dropout import Dropout

NEGATIVE_SLOPE = 0.2


class NgcfNetwork(EmbeddingNetwork):
    """Layers of `LeakyReLU((A + I) E W + (A E * E) V)`, side by side with the first vectors.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
        product: The normalised adjacency A.
        n_layers: Convolutions.
        dropout: Share of outputs zeroed while training.
    """

    def __init__(self, users: torch.Tensor, items: torch.Tensor, product: SparseProduct, n_layers: int, dropout: float):
        super().__init__(users, items)
        size = users.shape[1]
        self.product, self.dropout = product, Dropout(dropout)
        self.sums = nn.ModuleList(nn.Linear(size, size) for _ in range(n_layers))
        self.products = nn.ModuleList(nn.Linear(size, size) for _ in range(n_layers))

    @property
    def size(self) -> int:
        """See `EmbeddingNetwork.size`: all layers side by side."""
        return (len(self.sums) + 1) * super().size

    def spread(self, users: torch.Tensor, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Users `[n_users, (n_layers + 1) D]` and items `[n_items, (n_layers + 1) D]`."""
        layers = [torch.cat([users, items])]  # U + I, D
        for of_sums, of_products in zip(self.sums, self.products, strict=True):
            last = layers[-1]
            near = self.product(last)
            mixed = of_sums(near + last) + of_products(near * last)
            layers.append(self.dropout(F.leaky_relu(mixed, NEGATIVE_SLOPE)))
        users, items = torch.cat(layers, dim=1).split([len(users), len(items)])
        return users, items
