"""A moving average of weights, which generalises better than the last step's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class MovingAverage:
    """`a = d a + (1 - d) w` after every step, with `d = min(kept, (1 + t) / (10 + t))` in step t.

    The exponential moving average of Polyak and Juditsky 1992 as used since Tarvainen and Valpola, "Mean teachers are
    better role models", NeurIPS 2017; the rise of d at the beginning lets go of the drawn weights.

    Args:
        network: Its trained weights are averaged, from where they are now.
        kept: Share of the average that a step keeps, in (0, 1).
    """

    def __init__(self, network: nn.Module, kept: float):
        self.network, self.kept = network, kept
        self.weights = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 0."""
        kept = min(self.kept, (1 + step) / (10 + step))
        now = {name: weight.detach() for name, weight in self.network.named_parameters()}
        with torch.no_grad():
            torch._foreach_lerp_([self.weights[name] for name in now], list(now.values()), 1 - kept)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the average for a while."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                kept = weight.detach().clone()
                weight.copy_(self.weights[name])
                self.weights[name].copy_(kept)
