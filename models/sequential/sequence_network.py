"""What every sequential network has. Imported only when a model is fitted or loaded."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import nn

INITIAL_STD = 0.02


class SequenceNetwork(nn.Module):
    """A network over a user's items.

    Sequences are padded at their end. A position sees only itself and what came before, so padding needs no mask: it
    lies after everything real. Positions count from the sequence's first item.

    Attributes:
        items: The items' vectors, read and predicted.
    """

    items: nn.Embedding

    @abstractmethod
    def forward(self, items: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """The user's state after each item.

        Args:
            items: `[B, T]` int64.
            times: `[B, T]` int64 seconds since the epoch; most networks do not look at them.

        Returns:
            `[B, T, D]`.
        """


def draw_weights(module: nn.Module) -> None:
    """Normal draws for matrices and embeddings, zeros for biases; for `nn.Module.apply`."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_STD)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
