"""The vectors of UltraGCN with what its loss weighs by. Imported only when a model is fitted or loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.pair_loss import pair_scores
from models.training.embedding_losses import batch_l2, weighted_logistic_loss

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from models.collaborative.ultragcn_config import UltraGcnConfig


class UltraGcnNetwork(EmbeddingNetwork):
    """Plain vectors; `beta_ui = by_user[u] by_item[i]`, and each item's neighbours with their weights.

    Args:
        users: `[n_users, D]` first vectors.
        items: `[n_items, D]` first vectors.
        matrix: The binary user x item matrix.
        neighbours: `[n_items, K]` int64.
        weights: `[n_items, K]` float32.
    """

    by_user: torch.Tensor
    by_item: torch.Tensor
    neighbours: torch.Tensor
    weights: torch.Tensor

    def __init__(
        self,
        users: torch.Tensor,
        items: torch.Tensor,
        matrix: csr_matrix,
        neighbours: np.ndarray,
        weights: np.ndarray,
    ):
        super().__init__(users, items)
        lengths = np.diff(matrix.indptr).astype(np.float32)
        degrees = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float32)
        found = {
            "by_user": np.sqrt(lengths + 1) / np.maximum(lengths, 1),
            "by_item": 1 / np.sqrt(degrees + 1),
            "neighbours": neighbours,
            "weights": weights,
        }
        for name, array in found.items():
            self.register_buffer(name, torch.from_numpy(array), persistent=False)


def ultragcn_loss(
    config: UltraGcnConfig, network: UltraGcnNetwork, users: torch.Tensor, items: torch.Tensor
) -> torch.Tensor:
    """The loss of `UltraGcn`, and `l2` times the ridge penalty on the vectors that it looked up.

    Args:
        config: Weights.
        network: Vectors, degrees and neighbours.
        users: `[B]` int64, the pairs' users.
        items: `[B]` int64, the pairs' items.

    Returns:
        A scalar.
    """
    negatives = torch.randint(len(network.items), (config.n_negatives,), device=items.device)
    own, touched = F.embedding(users, network.users), F.embedding(items, network.items)  # B, D
    positive, negative = pair_scores(own, touched, items, negatives, network.items)
    by_user = config.constraint_weight * network.by_user[users]
    positive_weights = config.pair_weight + by_user * network.by_item[items]
    negative_weights = config.pair_weight + by_user[:, None] * network.by_item[negatives]
    loss = weighted_logistic_loss(positive, negative, positive_weights, negative_weights, config.negative_weight)
    if config.item_weight:
        near = F.embedding(network.neighbours[items], network.items)  # B, K, D
        scores = (own[:, None, :] * near).sum(dim=2)
        loss = loss + config.item_weight * (network.weights[items] * F.softplus(-scores)).sum(dim=1).mean()
    if config.l2:
        loss = loss + config.l2 * batch_l2(own, touched, F.embedding(negatives, network.items))
    return loss
