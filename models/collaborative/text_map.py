"""The trained map of text vectors, without torch: what a saved AlphaRec needs of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEGATIVE_SLOPE = 0.01
"""Of the LeakyReLU between two layers, torch's own."""


@dataclass(frozen=True)
class TextMap:
    """`W z`, or `W2 LeakyReLU(W1 z + b1) + b2`.

    Attributes:
        weights: By torch's names of `AlphaRecNetwork`: `map.weight`, or `map.0.weight`, `map.0.bias`, `map.2.weight`
            and `map.2.bias`.
    """

    weights: dict[str, np.ndarray]

    def __call__(self, texts: np.ndarray) -> np.ndarray:
        """`[n, D]` float32 of text vectors `[n, T]`."""
        w = self.weights
        if "map.weight" in w:
            return texts @ w["map.weight"].T
        between = texts @ w["map.0.weight"].T + w["map.0.bias"]
        between = np.where(between > 0, between, NEGATIVE_SLOPE * between)
        return between @ w["map.2.weight"].T + w["map.2.bias"]
