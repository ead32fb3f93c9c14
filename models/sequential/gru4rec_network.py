"""The GRU4Rec network: gated recurrent units over a user's items. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
from torch import nn

from models.sequential.causal_network import CausalNetwork
from models.sequential.sequence_network import draw_weights
from models.training.dropout import Dropout


class GRU4RecNetwork(CausalNetwork):
    """Item embeddings, layers of gated recurrent units (Hidasi et al. 2016, eqs. 1 to 4), a projection."""

    def __init__(
        self, n_items: int, embedding_size: int, hidden_size: int, n_layers: int, dropout: float, cosine: bool = False
    ):
        super().__init__(n_items, embedding_size, cosine)
        self.dropout = Dropout(dropout)
        sizes = [embedding_size] + [hidden_size] * (n_layers - 1)
        self.layers = nn.ModuleList(nn.GRU(size, hidden_size, batch_first=True) for size in sizes)
        self.output = nn.Linear(hidden_size, embedding_size)
        self.norm = nn.LayerNorm(embedding_size)
        self.apply(draw_weights)

    def encode(self, vectors: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """See `CausalNetwork.encode`; times do not matter."""
        x = self.dropout(vectors * vectors.shape[-1] ** 0.5)  # (B, T, D)
        for layer in self.layers:
            x = self.dropout(layer(x)[0])  # (B, T, hidden_size)
        return self.norm(self.output(x))
