"""The multi-interest network: each interest is a mean of states with weights of its own. Imported only when a model is
fitted or loaded."""

from __future__ import annotations

import torch
from torch import nn

from models.sequential.causal_network import CausalNetwork
from models.sequential.sasrec_network import Block
from models.sequential.sequence_network import draw_weights
from models.training.dropout import Dropout


class MultiInterestNetwork(CausalNetwork):
    """Item and position embeddings, `sasrec`'s blocks, and M weighted means of what was read so far.

    With the states `h`, `a_j = W2 tanh(W1 h_j)`, `[M]`, and learned numbers `r` by how many items ago it was, interest
    m after item t is `sum over j <= t of softmax over j of (a_jm + r_m[t - j]) h_j`, plus `h_t` where `adds_newest`.
    """

    def __init__(
        self,
        n_items: int,
        max_length: int,
        embedding_size: int,
        n_blocks: int,
        n_heads: int,
        n_interests: int,
        attention_size: int,
        adds_newest: bool,
        dropout: float,
        cosine: bool,
    ):
        super().__init__(n_items, embedding_size, cosine)
        self.adds_newest = adds_newest
        self.positions = nn.Embedding(max_length, embedding_size)
        self.dropout = Dropout(dropout)
        blocks = [Block(embedding_size, n_heads, dropout) for _ in range(n_blocks)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(embedding_size)
        self.inner = nn.Linear(embedding_size, attention_size, bias=False)
        self.outer = nn.Linear(attention_size, n_interests, bias=False)
        self.recency = nn.Parameter(torch.zeros(n_interests, max_length))
        self.apply(draw_weights)
        # From draws as small as the others' all interests would begin as the same plain mean, and part slowly.
        nn.init.normal_(self.inner.weight, std=embedding_size**-0.5)
        nn.init.normal_(self.outer.weight, std=2 * attention_size**-0.5)
        if blocks:
            blocks[0].attention.start_as_mean()

    def encode(self, vectors: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """The user's interests after each item, `[B, T, D]` to `[B, T, M, D]`; times do not matter."""
        _, T, D = vectors.shape
        x = self.dropout(vectors * D**0.5 + self.positions.weight[:T])  # (B, T, D)
        for block in self.blocks:
            x = self.through(block, x)
        states = self.norm(x)
        logits = self.outer(torch.tanh(self.inner(states))).transpose(1, 2)  # (B, M, T)
        places = torch.arange(T, device=x.device)
        ago = places[:, None] - places[None, :]  # (T, T)
        logits = logits[:, :, None, :] + self.recency[:, ago.clamp_min(0)]  # (B, M, T, T)
        shares = logits.masked_fill(ago < 0, -torch.inf).softmax(dim=-1)
        means = (shares.to(states.dtype) @ states[:, None]).transpose(1, 2)  # (B, T, M, D)
        return means + states[:, :, None] if self.adds_newest else means


def alikeness(interests: torch.Tensor) -> torch.Tensor:
    """How alike a user's interests are: the mean squared cosine of two of them.

    Args:
        interests: `[P, M, D]`.

    Returns:
        A scalar in [0, 1]; 0 with one interest or none.
    """
    n, n_interests, _ = interests.shape
    if n == 0 or n_interests < 2:
        return interests.new_zeros(())
    unit = nn.functional.normalize(interests.float(), dim=-1)
    squares = (unit @ unit.transpose(1, 2)).square()  # (P, M, M)
    off_diagonal = ~torch.eye(n_interests, dtype=torch.bool, device=interests.device)
    return squares[:, off_diagonal].mean()
