"""The BERT4Rec network: attention in both directions. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from models.sequential.sequence_network import INITIAL_STD, SequenceNetwork, draw_weights
from models.training.dropout import Dropout

PADDING = -1


class Attention(nn.Module):
    """Multi-head attention in which each place sees all that are no padding (Sun et al. 2019, eqs. 1 and 2)."""

    def __init__(self, size: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.query_key_value = nn.Linear(size, 3 * size)
        self.output = nn.Linear(size, size)

    def forward(self, x: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """`[B, T, D]` to the same; `inside` `[B, T]`."""
        B, T, D = x.shape
        parts = self.query_key_value(x).chunk(3, dim=-1)
        query, key, value = (part.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=inside[:, None, None, :])
        return self.output(mixed.transpose(1, 2).reshape(B, T, D))


class Block(nn.Module):
    """Attention, then a position-wise network of four times the size (eqs. 3 to 5), normed before in place of after."""

    def __init__(self, size: int, n_heads: int, dropout: float):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attention = Attention(size, n_heads)
        self.feed_forward = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))
        self.dropout = Dropout(dropout)

    def forward(self, x: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """`[B, T, D]` to the same."""
        x = x + self.dropout(self.attention(self.attention_norm(x), inside))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class BERT4RecNetwork(SequenceNetwork):
    """Item and place embeddings, a vector that stands for a hidden item, a stack of blocks, a projection (eq. 7).

    Its places see what comes later too, so it is no `CausalNetwork`. Item `n_items` is the hidden one, -1 padding.
    """

    def __init__(
        self,
        n_items: int,
        max_length: int,
        embedding_size: int,
        n_blocks: int,
        n_heads: int,
        dropout: float,
        cosine: bool = False,
    ):
        super().__init__(n_items, embedding_size, cosine)
        self.hidden_item = nn.Parameter(torch.randn(embedding_size) * INITIAL_STD)
        self.positions = nn.Embedding(max_length, embedding_size)
        self.first_norm = nn.LayerNorm(embedding_size)  # without it places are heard too faintly to look at neighbours
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(Block(embedding_size, n_heads, dropout) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(embedding_size)
        self.apply(draw_weights)

    def forward(self, items: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """See `SequenceNetwork.forward`; times do not matter."""
        n_items = len(self.items.weight)
        inside = items != PADDING
        vectors = self.items(items.clamp(0, n_items - 1))  # (B, T, D)
        vectors = torch.where((items == n_items)[..., None], self.hidden_item, vectors)
        x = self.dropout(self.first_norm(vectors + self.positions.weight[: items.shape[1]]))
        for block in self.blocks:
            x = self.through(block, x, inside)
        return self._measured(self.norm(x))
