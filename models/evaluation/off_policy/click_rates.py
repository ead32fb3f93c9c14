"""The reward model of the doubly robust estimators: smoothed click rates by action and position, cross-fitted."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

N_FOLDS = 5
SMOOTHING = 50.0
"""Impressions that the prior counts for: clicks are rare, so that a cell says little before it has hundreds."""


def click_rates(
    actions: np.ndarray,
    positions: np.ndarray,
    rewards: np.ndarray,
    n_actions: int,
    n_positions: int,
    smoothing: float = SMOOTHING,
) -> np.ndarray:
    """Click rate of each action at each position, shrunk to what action and position say apart, and these to the mean.

    With counts `n` and rewards `c`, the mean `m = c / n` (0 without rows) and `s = smoothing`:

    - `p_k = (c_k + s m) / (n_k + s)` of position k, `i_a = (c_a + s m) / (n_a + s)` of action a;
    - `q_ka = (c_ka + s p_k i_a / m) / (n_ka + s)`: at an action or position never seen, the mean stands in for it.

    Args:
        actions: `[n]` integers in [0, n_actions).
        positions: `[n]` integers in [0, n_positions).
        rewards: `[n]`, not negative.
        n_actions: Actions.
        n_positions: Positions.
        smoothing: s, above 0.

    Returns:
        `[n_positions, n_actions]` float64.
    """
    cells = positions * n_actions + actions
    size = n_positions * n_actions
    shown = np.bincount(cells, minlength=size).reshape(n_positions, n_actions)
    earned = np.bincount(cells, weights=rewards, minlength=size).reshape(n_positions, n_actions)
    mean = earned.sum() / max(1, shown.sum())
    if mean == 0:
        return np.zeros((n_positions, n_actions))
    of_position = (earned.sum(axis=1) + smoothing * mean) / (shown.sum(axis=1) + smoothing)
    of_action = (earned.sum(axis=0) + smoothing * mean) / (shown.sum(axis=0) + smoothing)
    prior = of_position[:, None] * of_action / mean
    return (earned + smoothing * prior) / (shown + smoothing)


@dataclass(frozen=True)
class CrossFittedRates:
    """Click rates for each row that were fitted without the row's fold.

    Attributes:
        rates: `[n_folds, n_positions, n_actions]`.
        folds: `[n]`, the fold of each row.
        positions: `[n]`.
    """

    rates: np.ndarray
    folds: np.ndarray
    positions: np.ndarray

    def of(self, actions: np.ndarray) -> np.ndarray:
        """`q(x_i, actions_i)`, `[n]`: of the logged actions, or of those a deterministic policy takes."""
        return self.rates[self.folds, self.positions, actions]

    def expected(self, probabilities: np.ndarray) -> np.ndarray:
        """`sum_a pi(a | x_i) q(x_i, a)`, `[n]`.

        Args:
            probabilities: `[n, n_actions]`, or `[n_positions, n_actions]` of a policy that looks at the position only
                (which must not be as many as the rows).
        """
        if len(probabilities) == len(self.folds):
            return np.einsum("na,na->n", self.rates[self.folds, self.positions], probabilities)
        return np.einsum("fka,ka->fk", self.rates, probabilities)[self.folds, self.positions]


def cross_fitted_rates(
    actions: np.ndarray,
    positions: np.ndarray,
    rewards: np.ndarray,
    folds: np.ndarray,
    n_actions: int,
    n_positions: int,
    smoothing: float = SMOOTHING,
) -> CrossFittedRates:
    """Fit `click_rates` once per fold, on the rows of all other folds.

    Args:
        actions: As in `click_rates`.
        positions: As there.
        rewards: As there.
        folds: `[n]` integers from 0; see `folds_of`.
        n_actions: As there.
        n_positions: As there.
        smoothing: As there.
    """
    fitted = [
        click_rates(actions[kept], positions[kept], rewards[kept], n_actions, n_positions, smoothing)
        for kept in (folds != fold for fold in range(int(folds.max(initial=0)) + 1))
    ]
    return CrossFittedRates(np.stack(fitted), folds, positions)


def folds_of(keys: Sequence[str], n_folds: int = N_FOLDS) -> np.ndarray:
    """The fold of each key, `[n]`: CRC-32 of its UTF-8 bytes modulo `n_folds`, the same on every machine and run."""
    return np.fromiter((zlib.crc32(key.encode()) % n_folds for key in keys), dtype=np.int64, count=len(keys))
