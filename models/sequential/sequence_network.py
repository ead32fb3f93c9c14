"""What every sequential network has. Imported only when a model is fitted or loaded."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

INITIAL_STD = 0.02


class SequenceNetwork(nn.Module, ABC):
    """A network over a user's items: a state after each, whose products with the items' vectors are the scores.

    Sequences are padded at their end. Positions count from the sequence's first item.

    Args:
        n_items: Size of the vocabulary.
        embedding_size: Size of vectors and states (D).
        cosine: Whether vectors and states have length 1, so that products are cosines.
    """

    def __init__(self, n_items: int, embedding_size: int, cosine: bool):
        super().__init__()
        self.items = nn.Embedding(n_items, embedding_size)
        self.cosine = cosine
        self.recomputes_blocks = False

    def read(self, items: torch.Tensor) -> torch.Tensor:
        """Vectors of some items, `[...]` int64 to `[..., D]`."""
        return self._measured(self.items(items))

    def table(self) -> torch.Tensor:
        """Vectors of all items, `[n_items, D]`."""
        return self._measured(self.items.weight)

    @abstractmethod
    def forward(self, items: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """The user's state after each item.

        Args:
            items: `[B, T]` int64.
            times: `[B, T]` int64 seconds since the epoch; most networks do not look at them.

        Returns:
            `[B, T, D]`.
        """

    def through(self, block: nn.Module, *inputs: torch.Tensor) -> torch.Tensor:
        """What a block makes of its inputs.

        With `recomputes_blocks` its inside is not held in training but computed again for the gradient, with the same
        draws (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
        """
        if self.recomputes_blocks and self.training and torch.is_grad_enabled():
            return checkpoint(block, *inputs, use_reentrant=False)
        return block(*inputs)

    @property
    def n_items(self) -> int:
        """Size of the vocabulary."""
        return self.items.num_embeddings

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def _measured(self, vectors: torch.Tensor) -> torch.Tensor:
        return F.normalize(vectors, dim=-1) if self.cosine else vectors


def draw_weights(module: nn.Module) -> None:
    """Normal draws for matrices and embeddings, zeros for biases; for `nn.Module.apply`."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_STD)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
