"""Histories cut into pieces that a network can read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.retrieval.interactions import Interactions


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
    return _cut(train.offsets[:-1], np.maximum(train.lengths() - 1, 0), max_length)


def whole_pieces(train: Interactions, max_length: int) -> Pieces:
    """Cut every history of two or more items so that each item is in exactly one piece, from the newest backwards."""
    lengths = np.where(train.lengths() > 1, train.lengths(), 0)
    return _cut(train.offsets[:-1], lengths, max_length)


def newest_pieces(histories: Interactions, users: np.ndarray, max_length: int) -> Pieces:
    """The newest `max_length` items of each user; users without a history give a piece of length 0."""
    end = histories.offsets[users + 1]
    start = np.maximum(end - max_length, histories.offsets[users])
    return Pieces(start, end - start)


def extract(arrays: tuple[np.ndarray, ...], pieces: Pieces) -> tuple[tuple[np.ndarray, ...], Pieces]:
    """Only what some pieces read of each array, and the pieces' places there.

    Scoring a block of users then copies their newest items, not everyone's history.
    """
    starts = np.cumsum(pieces.lengths) - pieces.lengths
    positions = np.repeat(pieces.starts - starts, pieces.lengths) + np.arange(pieces.lengths.sum())
    return tuple(array[positions] for array in arrays), Pieces(starts, pieces.lengths)


def _cut(first: np.ndarray, lengths: np.ndarray, max_length: int) -> Pieces:
    """`first[u] : first[u] + lengths[u]` of every user in pieces of at most `max_length`; only the oldest is short."""
    n_pieces = -(-lengths // max_length)
    user = np.repeat(np.arange(len(lengths)), n_pieces)
    from_newest = np.arange(len(user)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    end = first[user] + lengths[user] - from_newest * max_length
    start = np.maximum(end - max_length, first[user])
    return Pieces(start, end - start)
