"""How likely each position is looked at, and how often an item is, anywhere in a list."""

from __future__ import annotations

import numpy as np


def examination_by_position(positions: np.ndarray, rewards: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Chance of being looked at relative to the first position, `[n_positions]`.

    Under the position-based model the click rate of one and the same policy falls from position to position by the
    examination alone: `h_k = v_k / v_0` with `v_k` the self-normalised click rate at k. The weights make what was
    logged one and the same policy at every position, e.g. `1 / propensity`: the even one.

    Args:
        positions: `[n]` integers from 0.
        rewards: `[n]`.
        weights: `[n]`, above 0 at every position.

    Raises:
        ValueError: The first position has no rewards, or a position has no weight.
    """
    shown, earned = np.bincount(positions, weights), np.bincount(positions, weights * rewards)
    if not (shown > 0).all() or not earned[0] > 0:
        raise ValueError("every position needs rows with weight, and the first one rewards")
    return (earned / shown) / (earned[0] / shown[0])


def exposure(probabilities: np.ndarray, examination: np.ndarray) -> np.ndarray:
    """How likely an item is looked at anywhere in a list: `e = sum_j h_j P(a at j | x)`.

    Args:
        probabilities: `[..., n_positions]`, the policy's chance of the item at each position.
        examination: `[n_positions]`, h.

    Returns:
        `[...]`.
    """
    return probabilities @ examination
