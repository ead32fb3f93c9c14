"""The HSTU network: pointwise attention biased by place and time. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from models.sequential.causal_network import CausalNetwork
from models.sequential.sequence_network import draw_weights
from models.training.dropout import Dropout

N_TIME_BUCKETS = 64
BUCKETS_PER_OCTAVE = 2
"""Two buckets for every doubling of the gap: 64 reach from a second to some 130 years."""


class RelativeBias(nn.Module):
    """`rab[i, j]`, what the weight of place j for place i begins with (Zhai et al. 2024, Sec. 3.2).

    A number for the distance `i - j` and one for the time between.
    """

    def __init__(self, max_length: int):
        super().__init__()
        self.places = nn.Parameter(torch.zeros(max_length))
        self.gaps = nn.Parameter(torch.zeros(N_TIME_BUCKETS))

    def forward(self, times: torch.Tensor) -> torch.Tensor:
        """`[B, T]` int64 seconds to `[B, T, T]`; what lies after the diagonal means nothing.

        A gap ends at the time of item i, not at that of the item to be predicted: lists are made ahead of it.
        """
        T = times.shape[1]
        steps = torch.arange(T, device=times.device)
        distances = (steps[:, None] - steps[None, :]).clamp_min(0)  # (T, T)
        gaps = (times[:, :, None] - times[:, None, :]).clamp_min(0)  # (B, T, T)
        buckets = (BUCKETS_PER_OCTAVE * torch.log2(gaps.float() + 1)).long().clamp_max(N_TIME_BUCKETS - 1)
        return self.places[distances] + self.gaps[buckets]


class HSTULayer(nn.Module):
    """One layer (Zhai et al. 2024, eqs. 1 to 3): `U, V, Q, K = split(silu(f1(X)))`;
    `A = silu(Q K' + rab) V / T`, causal; `Y = f2(norm(A) * U)`, added to X."""

    def __init__(self, size: int, n_heads: int, dropout: float):
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(size)
        self.projections = nn.Linear(size, 4 * size)
        self.mixed_norm = nn.LayerNorm(size)
        self.output = nn.Linear(size, size)
        self.dropout = Dropout(dropout)

    def forward(self, x: torch.Tensor, bias: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """`[B, T, D]` to the same; `bias` `[B, T, T]`, `seen` `[T, T]`: 1 / (places seen) at and below the diagonal."""
        B, T, D = x.shape
        gate, *parts = F.silu(self.projections(self.norm(x))).chunk(4, dim=-1)
        value, query, key = (part.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2) for part in parts)
        weights = F.silu(query @ key.transpose(2, 3) + bias[:, None]) * seen  # (B, n_heads, T, T)
        mixed = (weights @ value).transpose(1, 2).reshape(B, T, D)
        return x + self.dropout(self.output(self.mixed_norm(mixed) * gate))


class HSTUNetwork(CausalNetwork):
    """Item embeddings and a stack of layers; place and time enter by the bias alone."""

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
        self.dropout = Dropout(dropout)
        self.bias = nn.ModuleList(RelativeBias(max_length) for _ in range(n_blocks))
        self.layers = nn.ModuleList(HSTULayer(embedding_size, n_heads, dropout) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(embedding_size)
        self.apply(draw_weights)

    def encode(self, vectors: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """See `CausalNetwork.encode`."""
        _, T, D = vectors.shape
        places = torch.arange(1, T + 1, device=vectors.device, dtype=torch.float32)
        seen = torch.ones(T, T, device=vectors.device).tril() / places[:, None]
        x = self.dropout(vectors * D**0.5)  # (B, T, D)
        for layer, bias in zip(self.layers, self.bias, strict=True):
            x = self.through(layer, x, bias(times), seen)
        return self.norm(x)
