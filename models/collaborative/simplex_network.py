"""The users of SimpleX. Imported only when a model is fitted or loaded."""

from __future__ import annotations

import torch
from torch import nn

from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.graph_product import SparseProduct


class SimplexNetwork(EmbeddingNetwork):
    """Users as a mixture of their own vector and the mapped mean of their items'.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
        means: Multiplies item vectors to the means of histories.
        own_share: Of the user's own vector.
    """

    def __init__(self, users: torch.Tensor, items: torch.Tensor, means: SparseProduct, own_share: float):
        super().__init__(users, items)
        self.means, self.own_share = means, own_share
        self.map = nn.Parameter(torch.eye(items.shape[1]))

    def spread(self, users: torch.Tensor, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`own_share e_u + (1 - own_share) V m_u`, `[n_users, D]`, and the items as they are, `[n_items, D]`."""
        history = self.means(items) @ self.map  # U, D
        return self.own_share * users + (1 - self.own_share) * history, items
