"""The map and the propagation of AlphaRec. Imported only when a model is fitted."""

from __future__ import annotations

import torch
from torch import nn

from models.collaborative.graph_product import SparseProduct
from models.collaborative.lightgcn_network import mean_of_layers


class AlphaRecNetwork(nn.Module):
    """Mapped texts of users and items, smoothed over the graph; only the map is trained.

    A linear map and the smoothing can change places, so with one the texts are smoothed once, before training.

    Args:
        users: `[n_users, T]` text vectors.
        items: `[n_items, T]` text vectors.
        product: The normalised adjacency A.
        n_layers: Rounds of smoothing.
        size: Of the vectors made (D).
        hidden_size: Width of the first of two layers; `None` for a linear map.
    """

    texts: torch.Tensor

    def __init__(
        self,
        users: torch.Tensor,
        items: torch.Tensor,
        product: SparseProduct,
        n_layers: int,
        size: int,
        hidden_size: int | None,
    ):
        super().__init__()
        self.n_users, self.product, self.n_layers = len(users), product, n_layers
        self.smooths_texts = hidden_size is None
        texts, width = torch.cat([users, items]), items.shape[1]  # U + I, T
        if hidden_size is None:
            self.map: nn.Module = nn.Linear(width, size, bias=False)
            texts = mean_of_layers(texts, product, n_layers)
        else:
            self.map = nn.Sequential(nn.Linear(width, hidden_size), nn.LeakyReLU(), nn.Linear(hidden_size, size))
        self.register_buffer("texts", texts, persistent=False)

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """`mean over k of A^k map(Z)`: users `[n_users, D]` and items `[n_items, D]`."""
        mapped = self.map(self.texts)
        if not self.smooths_texts:
            mapped = mean_of_layers(mapped, self.product, self.n_layers)
        users, items = mapped.split([self.n_users, len(mapped) - self.n_users])
        return users, items
