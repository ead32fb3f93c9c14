"""A toy task for the trainer: noisy linear regression, with a validation score that can be scripted."""

import numpy as np
import pytest
import torch

from models.training.dropout import Dropout
from models.training.trainer import TrainingTask


@pytest.fixture
def make_task():
    """`make_task(scores=[...])`: validation returns these in turn; `None` for no validation."""

    def make(scores=None, fingerprint="run"):
        generator = torch.Generator().manual_seed(0)
        features = torch.randn(64, 5, generator=generator)
        truth = features @ torch.arange(1.0, 6.0) + 1
        torch.manual_seed(3)
        network = torch.nn.Sequential(torch.nn.Linear(5, 8), Dropout(0.2), torch.nn.Linear(8, 1))
        remaining = list(scores or [])
        seen_modes = []

        def validate():
            seen_modes.append(network.training)
            return remaining.pop(0)

        def loss(forward, rows):
            seen_modes.append(network.training)
            return ((forward(features[rows]).squeeze(-1) - truth[rows]) ** 2).mean()

        task = TrainingTask(
            name="toy",
            network=network,
            batches=lambda rng: np.array_split(rng.permutation(64), 4),
            loss=loss,
            validate=validate if scores is not None else None,
            fingerprint=fingerprint,
        )
        task.seen_modes = seen_modes
        return task

    return make
