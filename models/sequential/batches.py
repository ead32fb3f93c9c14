"""Pieces of histories gathered into rectangles on the device. Imported only where torch is at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from models.sequential.pieces import Pieces


@dataclass(frozen=True)
class SequenceBatch:
    """Some pieces as one rectangle, padded at its end with item 0.

    Attributes:
        items: `[B, T]` int64 inputs, T the longest of the pieces.
        times: `[B, T]` int64 seconds since the epoch, UTC; 0 where padding.
        targets: `[B, T]` int64: the item one position later.
        inside: `[B, T]` bool, true where not padding.
        is_full: Whether nothing is padding.
    """

    items: torch.Tensor
    times: torch.Tensor
    targets: torch.Tensor
    inside: torch.Tensor
    is_full: bool = False

    def only_real(self, values: torch.Tensor) -> torch.Tensor:
        """Values of every place `[B, T, ...]` as those of the places that are no padding, `[P, ...]`.

        Without padding this is a view: of long histories most batches are such, and picking costs a copy there and
        a scattered one back.
        """
        return values.flatten(0, 1) if self.is_full else values[self.inside]


@dataclass(frozen=True)
class Sequences:
    """All interactions on the device.

    Attributes:
        items: `[n]` int32.
        times: `[n]` int64.
    """

    items: torch.Tensor
    times: torch.Tensor

    @classmethod
    def on(cls, device: torch.device, items: np.ndarray, times: np.ndarray) -> Self:
        """Copied there."""
        moved = np.array(items, dtype=np.int32), np.array(times, dtype=np.int64)
        return cls(*(torch.from_numpy(array).to(device) for array in moved))

    def batch(self, pieces: Pieces, rows: np.ndarray) -> SequenceBatch:
        """Some pieces, `rows` `[B]`; a piece at the very end has whatever for its last target."""
        device = self.items.device
        starts = torch.from_numpy(pieces.starts[rows]).to(device)
        lengths = torch.from_numpy(pieces.lengths[rows]).to(device)
        steps = torch.arange(int(pieces.lengths[rows].max()), device=device)
        inside = steps[None, :] < lengths[:, None]  # (B, T)
        positions = torch.where(inside, starts[:, None] + steps[None, :], 0)
        later = (positions + 1).clamp_max(len(self.items) - 1)
        items, targets = (torch.where(inside, self.items[at], 0).long() for at in (positions, later))
        times = torch.where(inside, self.times[positions], 0)
        is_full = int(pieces.lengths[rows].min()) == inside.shape[1]
        return SequenceBatch(items, times, targets, inside, is_full)
