"""Negatives drawn on the device, and the correction for how likely each was."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

Negatives = Literal["uniform", "popularity", "mixed"]


class NegativeSampler:
    """Draws items with replacement: all alike, by popularity, or half and half.

    By popularity item j is drawn with `p_j = max(c_j, 1)^a / sum over i of max(c_i, 1)^a` for its count c_j in training
    (Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013, Sec. 2.2,
    with a = 3/4); an item nobody touched counts as touched once, or it would never be pushed away. Mixed: the first
    half uniform, the rest by popularity, so `q_j = (1 / n + p_j) / 2` for n items (Yang et al., WWW 2020).

    Popular negatives are harder, but a loss that counted them as they come would push items away for being popular.
    So a negative has the weight `1 / (n q_j)`, in a softmax the logit `s_j - ln(n q_j)` (logQ; Jean et al., ACL 2015,
    Sec. 3.2): the sum over the negatives is then expected to be the same as over uniform ones.

    Args:
        kind: How they are drawn.
        counts: `[n_items]`, how often each item is in the training data.
        exponent: `a`; 0 is uniform.
        device: Where they are drawn.
    """

    def __init__(self, kind: Negatives, counts: np.ndarray, exponent: float, device: torch.device | str = "cpu"):
        self.kind, self.n_items, self.device = kind, len(counts), torch.device(device)
        if kind != "uniform":
            weights = torch.from_numpy(np.maximum(counts, 1).astype(np.float64) ** exponent).to(device)
            self.cumulative = weights.cumsum(0)
            popular = weights / weights.sum()
            drawn = popular if kind == "popularity" else (popular + 1 / self.n_items) / 2
            self.probabilities = drawn.float()
            self.corrections = (drawn * self.n_items).log().float()

    def draw(self, n: int) -> torch.Tensor:
        """Items, `[n]` int64."""
        if self.kind == "uniform":
            return torch.randint(self.n_items, (n,), device=self.device)
        n_uniform = n // 2 if self.kind == "mixed" else 0
        uniform = torch.randint(self.n_items, (n_uniform,), device=self.device)
        places = torch.rand(n - n_uniform, dtype=torch.float64, device=self.device) * self.cumulative[-1]
        popular = torch.searchsorted(self.cumulative, places, right=True).clamp_max(self.n_items - 1)
        return torch.cat([uniform, popular])

    def correction(self, items: torch.Tensor) -> torch.Tensor | None:
        """`ln(n q)` of some items, `[n]` float32; `None` where it is 0 for all."""
        return None if self.kind == "uniform" else self.corrections[items]

    def probability(self, items: torch.Tensor) -> torch.Tensor:
        """`q` of some items, `[n]` float32."""
        if self.kind == "uniform":
            return torch.full(items.shape, 1 / self.n_items, device=items.device)
        return self.probabilities[items]
