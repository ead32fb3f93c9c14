"""Vectors of users and items to train. Imported only when a model is fitted or loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from models.collaborative.text_alignment import TextAlignment


class EmbeddingNetwork(nn.Module):
    """A vector for each user and item, as they are: matrix factorisation.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
    """

    def __init__(self, users: torch.Tensor, items: torch.Tensor):
        super().__init__()
        self.users, self.items = nn.Parameter(users), nn.Parameter(items)
        self.alignment: TextAlignment | None = None  # what draws the vectors to texts, where a config asks for it

    @property
    def size(self) -> int:
        """Length of a vector that `forward` returns (D')."""
        return self.items.shape[1]

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The vectors whose products are scores: users `[n_users, D']` and items `[n_items, D']`."""
        return self.spread(self.users, self.items)

    def spread(self, users: torch.Tensor, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What `forward` makes of first vectors, `[n_users, D]` and `[n_items, D]`."""
        return users, items
