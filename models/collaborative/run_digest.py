"""What a training run depends on, as one digest: a checkpoint of another run is not continued."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.interactions import Interactions

if TYPE_CHECKING:
    from torch import nn


def run_digest(
    settings: str, network: nn.Module, train: Interactions, validation: Interactions | None, n_epochs: int | None
) -> str:
    """SHA-256 over everything the weights will depend on.

    Args:
        settings: The model's name and config.
        network: With its first weights, so those of an earlier model count too.
        train: What is learned from.
        validation: What the epoch is chosen by.
        n_epochs: How long, if that is given.
    """
    digest = hashlib.sha256(f"{settings} {n_epochs} {train.n_items}".encode())
    for _, tensor in sorted(network.state_dict().items()):
        digest.update(tensor.detach().cpu().numpy().tobytes())
    for part in (train, validation):
        if part is not None:
            digest.update(np.ascontiguousarray(part.offsets).tobytes())
            digest.update(np.ascontiguousarray(part.items).tobytes())
    return digest.hexdigest()
