"""What a training run depends on, as one digest: a checkpoint of another run is not continued."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions

if TYPE_CHECKING:
    from torch import nn


def run_digest(
    retriever: Retriever,
    network: nn.Module,
    train: Interactions,
    validation: Interactions | None,
    n_epochs: int | None,
) -> str:
    """SHA-256 over everything the weights will depend on.

    Times count for every model, though only some look at them; the interactions' weights do not, no network reads them.

    Args:
        retriever: With its config, and with what it was told of items and users.
        network: With its first weights, so those of an earlier model count too.
        train: What is learned from.
        validation: What the epoch is chosen by.
        n_epochs: How long, if that is given.
    """
    told = [None if part is None else part.digest() for part in (retriever.features, retriever.user_texts)]
    settings = f"{retriever.name} {retriever.config.model_dump_json()} {told} {n_epochs} {train.n_items}"
    digest = hashlib.sha256(settings.encode())
    for _, tensor in sorted(network.state_dict().items()):
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
    for part in (train, validation):
        if part is not None:
            for array in (part.offsets, part.items, part.times):
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
