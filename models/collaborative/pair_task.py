"""What the trainer is told of a model that learns from touched pairs of a user and an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.training.trainer import Forward, TrainingTask

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from torch import nn

PairLoss = Callable[[Forward, torch.Tensor, torch.Tensor], torch.Tensor]
"""Loss of the pairs `users`, `items`, both `[B]` int64, by a network that may be compiled."""


def pair_task(
    name: str,
    network: nn.Module,
    matrix: csr_matrix,
    batch_tokens: int,
    loss: PairLoss,
    validate: Callable[[], float] | None,
    fingerprint: str,
) -> TrainingTask:
    """Every pair once an epoch, in random batches of one size.

    Args:
        name: Of the model.
        network: On its device.
        matrix: The binary user x item matrix.
        batch_tokens: Most pairs in a batch.
        loss: Of a batch.
        validate: See `TrainingTask`.
        fingerprint: See `TrainingTask`.
    """
    pair_users, pair_items = matrix.nonzero()
    device = next(network.parameters()).device
    users, items = (torch.from_numpy(part.astype(np.int64)).to(device) for part in (pair_users, pair_items))
    n_batches = -(-len(pair_users) // batch_tokens)

    def loss_of(forward: Forward, rows: np.ndarray) -> torch.Tensor:
        places = torch.from_numpy(rows).to(device)
        return loss(forward, users[places], items[places])

    return TrainingTask(
        name=name,
        network=network,
        batches=lambda rng: np.array_split(rng.permutation(len(pair_users)), n_batches),
        loss=loss_of,
        validate=validate,
        fingerprint=fingerprint,
    )
