"""Vectors of users and items to train. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
from torch import nn


class EmbeddingNetwork(nn.Module):
    """A vector for each user and item, as they are: matrix factorisation.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
    """

    def __init__(self, users: torch.Tensor, items: torch.Tensor):
        super().__init__()
        self.users, self.items = nn.Parameter(users), nn.Parameter(items)

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The vectors whose products are scores: users `[n_users, D']` and items `[n_items, D']`."""
        return self.users, self.items
