"""What draws collaborative vectors and text vectors together while both are trained on. Imported only when needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import nn

from models.training.contrastive_losses import one_way_info_nce_loss

if TYPE_CHECKING:
    from models.collaborative.embedding_config import VectorConfig

Sides = tuple[torch.Tensor, torch.Tensor]
"""Of users and of items."""

MOST_ROWS = 2048
"""Users and items each that a step aligns, drawn anew: a step so costs no more than a softmax over 2,048 negatives."""


class TextAlignment(nn.Module):
    """RLMRec (Ren et al., "Representation Learning with Large Language Models for Recommendation", WWW 2024).

    With text vectors s, collaborative vectors e, the cosine and a temperature t, over n drawn rows:
    `loss = mean over i of -ln( exp(cos(a_i, b_i) / t) / sum over j of exp(cos(a_i, b_j) / t) )`, of users and of items
    each. Contrastive (RLMRec-Con): `a = e`, `b = map(s)`. Generative (RLMRec-Gen): `a = map(e')`, `b = s`, where e' is
    what the network makes of first vectors that are partly hidden. `map` has two layers, one for users and items.

    Differences from the paper: rows are drawn from all that have a text instead of from the batch, so an item nobody
    touched is aligned too; a share of a vector's entries is hidden (set to 0) where the paper hides a share of whole
    vectors, because the loss of a vector that is hidden whole does not reach it: of planted items nobody touched the
    nearest ten were then of the right kind as seldom as by chance (.25), by entries .53; and the masked vectors are
    made beside the whole ones, which the recommendation loss sees, so a step convolves twice.

    Args:
        config: Kind, temperature and share.
        user_texts: `[n_users, T]`, 0 for a user without text.
        item_texts: `[n_items, T]`, 0 for an item without text.
        size: Length of the network's vectors (D').
    """

    user_texts: torch.Tensor
    item_texts: torch.Tensor
    known_users: torch.Tensor
    known_items: torch.Tensor

    def __init__(self, config: VectorConfig, user_texts: torch.Tensor, item_texts: torch.Tensor, size: int):
        super().__init__()
        self.config = config
        for name, texts in (("user", user_texts), ("item", item_texts)):
            self.register_buffer(f"{name}_texts", texts, persistent=False)
            self.register_buffer(f"known_{name}s", texts.any(dim=1).nonzero()[:, 0], persistent=False)
        ends = (size, item_texts.shape[1]) if config.alignment == "generative" else (item_texts.shape[1], size)
        between = sum(ends) // 2
        self.map = nn.Sequential(nn.Linear(ends[0], between), nn.LeakyReLU(), nn.Linear(between, ends[1]))

    def forward(
        self, vectors: Sides, first: Sides, spread: Callable[[torch.Tensor, torch.Tensor], Sides]
    ) -> torch.Tensor:
        """The loss.

        Args:
            vectors: What the network makes of first vectors while nothing is hidden: `[n_users, D']`, `[n_items, D']`.
            first: Its first vectors, which are hidden: `[n_users, D]` and `[n_items, D]`.
            spread: What the network makes of them, see `EmbeddingNetwork.spread`.

        Returns:
            A scalar; 0 where nobody has a text.
        """
        drawn = [_draw(rows, MOST_ROWS) for rows in (self.known_users, self.known_items)]
        if self.config.alignment == "generative":
            vectors = spread(*(self._hide(own, rows) for own, rows in zip(first, drawn, strict=True)))
        texts = self.user_texts, self.item_texts
        return torch.stack([self._of(*side) for side in zip(vectors, texts, drawn, strict=True)]).sum()

    def counts(self) -> dict[str, int]:
        """How many vectors are aligned."""
        return {"n_users_aligned": len(self.known_users), "n_items_aligned": len(self.known_items)}

    def _of(self, vectors: torch.Tensor, texts: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """The loss of some users, or some items."""
        temperature = self.config.alignment_temperature
        if self.config.alignment == "generative":
            return one_way_info_nce_loss(self.map(vectors[rows]), texts[rows], temperature)
        return one_way_info_nce_loss(vectors[rows], self.map(texts[rows]), temperature)

    def _hide(self, first: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """First vectors of which some rows have lost some entries."""
        kept = torch.rand(len(rows), first.shape[1], device=first.device) >= self.config.mask_share
        return first.index_put((rows,), first[rows] * kept)


def _draw(known: torch.Tensor, n: int) -> torch.Tensor:
    """At most n of some rows, in random order."""
    return known[torch.randperm(len(known), device=known.device)[:n]]
