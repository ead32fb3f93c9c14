"""Histories cut into pieces a network can read, and gathered into batches on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.interactions import Interactions

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Pieces:
    """Stretches of the interaction array: piece `p` reads `items[starts[p] : starts[p] + lengths[p]]`.

    Attributes:
        starts: `[n]` int64 positions in `Interactions.items`.
        lengths: `[n]` int64, at least 1 each.
    """

    starts: np.ndarray
    lengths: np.ndarray


def training_pieces(train: Interactions, max_length: int) -> Pieces:
    """Cut every history of two or more items so that each item but the first is predicted exactly once.

    A piece's targets are its inputs moved by one. Cuts are made from the newest item backwards, so only the oldest
    piece of a user is short.

    Args:
        train: The histories.
        max_length: Longest piece, in inputs.
    """
    n_targets = np.maximum(train.lengths() - 1, 0)
    n_pieces = -(-n_targets // max_length)
    user = np.repeat(np.arange(train.n_users), n_pieces)
    from_newest = np.arange(len(user)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    end = train.offsets[user] + n_targets[user] - from_newest * max_length
    start = np.maximum(end - max_length, train.offsets[user])
    return Pieces(start, end - start)


def newest_pieces(histories: Interactions, users: np.ndarray, max_length: int) -> Pieces:
    """The newest `max_length` items of each user; users without a history give a piece of length 0."""
    end = histories.offsets[users + 1]
    start = np.maximum(end - max_length, histories.offsets[users])
    return Pieces(start, end - start)


def extract(items: np.ndarray, pieces: Pieces) -> tuple[np.ndarray, Pieces]:
    """Only the items that some pieces read, and the pieces' places among them.

    Scoring a block of users then copies their newest items, not everyone's history.
    """
    starts = np.cumsum(pieces.lengths) - pieces.lengths
    positions = np.repeat(pieces.starts - starts, pieces.lengths) + np.arange(pieces.lengths.sum())
    return items[positions], Pieces(starts, pieces.lengths)


def gather(items: torch.Tensor, pieces: Pieces, rows: np.ndarray, shift: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Some pieces as one rectangle, padded at the end with item 0.

    Args:
        items: All interactions' items, `[n_interactions]`, on the device.
        pieces: The pieces.
        rows: Which of them, `[B]`.
        shift: Read this many positions later: 0 for inputs, 1 for targets.

    Returns:
        Items `[B, T]` int64, with T the longest of the pieces, and `[B, T]` bool, true where not padding.
    """
    import torch

    starts = torch.from_numpy(pieces.starts[rows]).to(items.device)
    lengths = torch.from_numpy(pieces.lengths[rows]).to(items.device)
    steps = torch.arange(int(pieces.lengths[rows].max()), device=items.device)
    inside = steps[None, :] < lengths[:, None]  # (B, T)
    positions = torch.where(inside, starts[:, None] + steps[None, :] + shift, 0)
    return torch.where(inside, items[positions], 0).long(), inside
