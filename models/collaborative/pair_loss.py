"""The loss of a batch of touched pairs: scores of their own items against those of negatives drawn on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from models.training.embedding_losses import batch_l2, bpr_loss, cosine_contrastive_loss, directau_loss
from models.training.shared_softmax import shared_softmax_loss

if TYPE_CHECKING:
    from models.collaborative.embedding_config import EmbeddingConfig
    from models.collaborative.embedding_network import EmbeddingNetwork
    from models.training.trainer import Forward


def pair_loss(
    config: EmbeddingConfig, network: EmbeddingNetwork, forward: Forward, users: torch.Tensor, items: torch.Tensor
) -> torch.Tensor:
    """The configured loss, and `l2` times the ridge penalty on the first vectors that it looked up.

    Args:
        config: Which loss, and how.
        network: Whose first vectors are penalised.
        forward: The network, compiled or not.
        users: `[B]` int64, the pairs' users.
        items: `[B]` int64, the pairs' items.

    Returns:
        A scalar.
    """
    all_users, all_items = forward()
    if config.on_sphere:
        all_users, all_items = F.normalize(all_users, dim=1), F.normalize(all_items, dim=1)
    negatives = negatives_of(config, items, len(all_items))
    chosen = F.embedding(users, all_users), F.embedding(items, all_items)  # B, D each
    penalised = [F.embedding(users, network.users), F.embedding(items, network.items)] if config.l2 else []
    if config.l2 and negatives is not None:
        penalised.append(F.embedding(negatives.flatten(), network.items))
    penalty = config.l2 * batch_l2(*penalised) if penalised else 0.0
    if negatives is None:
        return directau_loss(*chosen, config.uniformity_weight) + penalty
    if config.loss == "bpr":
        return bpr_loss(*pair_scores(*chosen, items, negatives, all_items)) + penalty
    if config.loss == "cosine_contrastive":
        scores = pair_scores(*chosen, items, negatives, all_items)
        return cosine_contrastive_loss(*scores, config.margin, config.negative_weight) + penalty
    others = F.embedding(negatives, all_items)
    return shared_softmax_loss(*chosen, others, items, negatives, config.temperature) + penalty


def negatives_of(config: EmbeddingConfig, items: torch.Tensor, n_items: int) -> torch.Tensor | None:
    """Negatives of a batch with the touched `items` `[B]`: `[B, N]`, or `[N]` that all share; `None` for none."""
    if config.loss == "directau":
        return None
    if config.loss == "in_batch_softmax":
        return items
    shape = (len(items), config.n_negatives) if config.loss == "bpr" else (config.n_negatives,)
    return torch.randint(n_items, shape, device=items.device)


def pair_scores(
    users: torch.Tensor, own: torch.Tensor, items: torch.Tensor, negatives: torch.Tensor, all_items: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores of touched items and of negatives.

    Args:
        users: `[B, D]` vectors of the pairs' users.
        own: `[B, D]` vectors of the pairs' items.
        items: `[B]` the pairs' items.
        negatives: `[B, N]` items, or `[N]` shared by the batch.
        all_items: `[n_items, D]`.

    Returns:
        `[B]` and `[B, N]` float32; `-inf` where a negative is the pair's own item.
    """
    others = F.embedding(negatives, all_items)  # B, N, D or N, D
    scores = users @ others.T if negatives.ndim == 1 else (users[:, None, :] * others).sum(dim=2)
    is_own = negatives == items[:, None]  # broadcasts to B, N
    return (users * own).sum(dim=1).float(), scores.float().masked_fill(is_own, -torch.inf)
