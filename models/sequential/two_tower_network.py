"""The user's tower: what was read so far, pooled. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from models.sequential.causal_network import CausalNetwork
from models.sequential.sequence_network import draw_weights
from models.training.dropout import Dropout


class PooledNetwork(CausalNetwork):
    """`u = m + W2 relu(W1 [m; v])` with the mean m of all items so far and the newest item's vector v."""

    def __init__(self, n_items: int, embedding_size: int, hidden_size: int, dropout: float, cosine: bool = False):
        super().__init__(n_items, embedding_size, cosine)
        self.wide = nn.Linear(2 * embedding_size, hidden_size)
        self.narrow = nn.Linear(hidden_size, embedding_size)
        self.dropout = Dropout(dropout)
        self.apply(draw_weights)

    def encode(self, vectors: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """See `CausalNetwork.encode`; times do not matter."""
        _, T, D = vectors.shape
        x = vectors * D**0.5
        n_read = torch.arange(1, T + 1, device=x.device, dtype=x.dtype)[:, None]
        mean = x.cumsum(1) / n_read  # (B, T, D)
        return mean + self.narrow(self.dropout(F.relu(self.wide(torch.cat([mean, x], dim=-1)))))
