"""Independent random streams, so that one part of the shop can change without moving another."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream decides; the numbers are part of every seed and never change."""

    ITEMS = 1
    TEXTS = 2
    GRAPH = 3
    USERS = 4
    SESSIONS = 5
    EVENTS = 6
    DIRT = 7
    DELIVERY = 8


def generator(seed: int, stream: Stream, day: int = 0) -> np.random.Generator:
    """The generator of one stream on one day.

    Args:
        seed: The shop's seed, at least 0.
        stream: What it decides.
        day: Days since the first day; 0 for what is decided once.
    """
    return np.random.default_rng([seed, int(stream), day])
