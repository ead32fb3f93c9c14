"""How sure a mean over users is: bootstrap intervals and paired differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

_BLOCK_DRAWS = 4_000_000
"""Draws held at once: 32 MB of indices."""


class Interval(NamedTuple):
    """A mean over users with its interval."""

    mean: float
    low: float
    high: float


class PairedDifference(NamedTuple):
    """Mean of `a - b` over the same users, its interval, and the p-value of there being no difference."""

    mean: float
    low: float
    high: float
    p_value: float


def bootstrap_intervals(
    values: np.ndarray, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> list[Interval]:
    """Percentile bootstrap of column means, drawing users with replacement.

    All columns share the draws, so that differences between columns are those of the same resampled users.
    (Efron and Tibshirani 1993, chapter 13.)

    Args:
        values: `[n_users, n_columns]`, finite.
        n_resamples: Resamples; 1,000 gives an interval's ends to about a tenth of its width.
        level: Share of resampled means between the ends, in (0, 1).
        seed: Seed of the draws.

    Returns:
        One interval per column. With a single user it has no width.

    Raises:
        ValueError: No users, or the level is outside (0, 1).
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        raise ValueError("there are no users to resample")
    if not 0 < level < 1:
        raise ValueError(f"level is in (0, 1), found {level}")
    means = np.concatenate([counts @ values for counts in _resamples(len(values), n_resamples, seed)]) / len(values)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [Interval(*map(float, ends)) for ends in zip(values.mean(axis=0), low, high, strict=True)]


def paired_difference(
    a: np.ndarray, b: np.ndarray, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> PairedDifference:
    """Compare two models on the same users.

    The interval is `bootstrap_intervals` of the differences. The p-value is two-sided, from a randomisation test:
    were the models alike, each user's difference could as well have the other sign; it is the share of random sign
    flips whose mean is at least as far from 0, counting the observed one, so never below `1 / (n_resamples + 1)`.

    Args:
        a: Values by user, `[n_users]`.
        b: Values of the other model for the same users in the same order.
        n_resamples: Resamples, and sign flips.
        level: Of the interval.
        seed: Seed of both.

    Returns:
        The difference; a p-value of 1 where no user differs.

    Raises:
        ValueError: The lengths differ, or there are no users.
    """
    if len(a) != len(b):
        raise ValueError(f"values of {len(a)} users cannot be paired with those of {len(b)}")
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    interval = bootstrap_intervals(difference[:, None], n_resamples, level, seed)[0]
    observed = abs(difference.sum())
    generator, n_extreme = np.random.default_rng([seed, 1]), 1
    for n in _block_sizes(len(difference), n_resamples):
        signs = generator.integers(0, 2, size=(n, len(difference)), dtype=np.int8) * 2 - 1
        # Equal sums must count as equal, whatever order they were added in.
        n_extreme += int((np.abs(signs @ difference) >= observed * (1 - 1e-12) - 1e-15).sum())
    return PairedDifference(*interval, n_extreme / (n_resamples + 1))


def _resamples(n_users: int, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks `[n, n_users]` of how often each user was drawn."""
    generator = np.random.default_rng(seed)
    for n in _block_sizes(n_users, n_resamples):
        drawn = generator.integers(n_users, size=(n, n_users)) + np.arange(n)[:, None] * n_users
        yield np.bincount(drawn.ravel(), minlength=n * n_users).reshape(n, n_users).astype(np.float64)


def _block_sizes(n_users: int, n_resamples: int) -> Iterator[int]:
    block = max(1, _BLOCK_DRAWS // n_users)
    for start in range(0, n_resamples, block):
        yield min(block, n_resamples - start)
