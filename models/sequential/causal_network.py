"""A sequential network whose places see nothing later. Imported only when a model is fitted or loaded."""

from __future__ import annotations

from abc import abstractmethod

import torch

from models.sequential.sequence_network import SequenceNetwork


class CausalNetwork(SequenceNetwork):
    """A network that makes states of the vectors of what was read, whatever these are made of.

    A position sees only itself and what came before, so padding needs no mask: it lies after everything real.
    """

    def forward(self, items: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """See `SequenceNetwork.forward`."""
        return self._measured(self.encode(self.read(items), times))

    @abstractmethod
    def encode(self, vectors: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """States of any length, from the vectors of what was read.

        Args:
            vectors: `[B, T, D]`.
            times: `[B, T]` int64 seconds since the epoch, UTC.

        Returns:
            `[B, T, D]`.
        """
