"""How sure a mean over users is: bootstrap intervals and paired differences."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, factorial, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

_BLOCK_DRAWS = 4_000_000
"""Draws held at once: 32 MB of indices or counts."""
_DIRECT_USERS = 50_000
"""Up to so many users every draw is made by itself: 1,000 resamples take 1.5 s at most."""
_CHUNK_USERS = 16_384
"""Users whose counts are drawn at once; even, as two 32-bit numbers come of one of 64 bits."""


class Interval(NamedTuple):
    """A mean, or a share, with its interval."""

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

    A resample is n_users independent draws from the users, each as likely as any other. All columns share the draws,
    so that differences between columns are those of the same resampled users. (Efron and Tibshirani 1993, chapter 13.)

    Up to 50,000 users the drawn users are counted one by one. Beyond, how often each was drawn comes from a Poisson
    distribution of mean `1 - 8 / sqrt(n_users)`, independently, and the draws that are still missing to n_users are
    made by themselves. That is the same distribution, not an approximation as the Poisson bootstrap (Hanley and
    MacGibbon 2006) is: Poisson counts given their sum are multinomial, and multinomial counts stay so when uniform
    draws are added. (The counts come from 32-bit numbers: what is rarer than 2**-32 does not happen.)

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
    draw = _direct_sums if len(values) <= _DIRECT_USERS else _poisson_sums
    means = np.concatenate(list(draw(values, n_resamples, seed))) / len(values)
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
    return paired_differences(difference[:, None], n_resamples, level, seed)[0]


def paired_differences(
    differences: np.ndarray, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> list[PairedDifference]:
    """`paired_difference` of many pairs of models at once: all columns share the draws and the signs.

    Args:
        differences: `[n_users, n_columns]`, each user's value of one model minus that of the other.
        n_resamples: Resamples, and sign flips.
        level: Of the intervals.
        seed: Seed of both.

    Returns:
        One per column.

    Raises:
        ValueError: There are no users.
    """
    intervals = bootstrap_intervals(differences, n_resamples, level, seed)
    observed = np.abs(differences.sum(axis=0))
    generator, n_extreme = np.random.default_rng([seed, 1]), np.ones(differences.shape[1])
    for n in _block_sizes(len(differences), n_resamples):
        signs = generator.integers(0, 2, size=(n, len(differences)), dtype=np.int8) * 2 - 1
        # Equal sums must count as equal, whatever order they were added in.
        n_extreme += (np.abs(signs.astype(np.float64) @ differences) >= observed * (1 - 1e-12) - 1e-15).sum(axis=0)
    p_values = n_extreme / (n_resamples + 1)
    return [PairedDifference(*interval, float(p)) for interval, p in zip(intervals, p_values, strict=True)]


def wilson_interval(share: float, n: float, level: float = 0.95) -> Interval:
    """A share of n with the interval of Wilson 1927, which stays within 0 and 1.

    With the share p and the normal quantile z its ends are
    `(p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)`.

    Args:
        share: In [0, 1].
        n: What the share is of, not always whole: an effective number; all is NaN where it is 0.
        level: Of the interval, in (0, 1).
    """
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle, reach = share + z**2 / (2 * n), z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # The ends of 0 and 1 are exactly these, but for rounding.
    low, high = ((middle + sign * reach) / (1 + z**2 / n) for sign in (-1, 1))
    return Interval(share, max(0.0, min(low, share)), min(1.0, max(high, share)))


def _direct_sums(values: np.ndarray, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks `[n, n_columns]` of the sums over resampled users."""
    generator, n_users = np.random.default_rng(seed), len(values)
    for n in _block_sizes(n_users, n_resamples):
        drawn = generator.integers(n_users, size=(n, n_users)) + np.arange(n)[:, None] * n_users
        counts = np.bincount(drawn.ravel(), minlength=n * n_users).reshape(n, n_users)
        yield counts.astype(np.float64) @ values


def _poisson_sums(values: np.ndarray, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """As `_direct_sums`, in a third of the time; every resample has a stream of its own."""
    n_users = len(values)
    # 8 standard deviations below: that the counts exceed n_users has a chance of 1e-15.
    thresholds = _poisson_thresholds(max(0.0, 1 - 8 / sqrt(n_users)))
    streams = np.random.SeedSequence(seed).spawn(n_resamples)
    for n in _block_sizes(min(n_users, _CHUNK_USERS), n_resamples):
        block, streams = [np.random.SFC64(stream) for stream in streams[:n]], streams[n:]
        sums, n_drawn = np.zeros((n, values.shape[1])), np.zeros(n, dtype=np.int64)
        for start in range(0, n_users, _CHUNK_USERS):
            chunk = values[start : start + _CHUNK_USERS]
            counts = np.empty((n, len(chunk)))
            for row, bits in zip(counts, block, strict=True):
                row[:] = _poisson_counts(bits, len(chunk), thresholds)
            sums += counts @ chunk
            n_drawn += counts.sum(axis=1).astype(np.int64)
        for row, bits, n_missing in zip(sums, block, n_users - n_drawn, strict=True):
            row += values[np.random.Generator(bits).integers(n_users, size=n_missing)].sum(axis=0)
        yield sums


def _poisson_thresholds(mean: float) -> list[int]:
    """`2**32` times the chances of at most 0, 1, 2, ...: as many as a 32-bit number reaches are its count."""
    chances = np.cumsum([exp(-mean) * mean**count / factorial(count) for count in range(20)])
    return [edge for edge in np.round(chances * 2**32).astype(np.int64).tolist() if edge < 2**32]


def _poisson_counts(bits: np.random.BitGenerator, n: int, thresholds: list[int]) -> np.ndarray:
    """`[n]` u8."""
    drawn = bits.random_raw((n + 1) // 2).view(np.uint32)[:n]
    counts = np.zeros(n, dtype=np.uint8)
    for edge in thresholds[:4]:
        counts += (drawn >= np.uint32(edge)).view(np.uint8)
    # Few reach the fifth, so these are looked up: half the time of comparing all with each.
    if len(thresholds) > 4:
        high = np.flatnonzero(drawn >= np.uint32(thresholds[4]))
        counts[high] = np.searchsorted(np.array(thresholds, dtype=np.uint32), drawn[high], side="right")
    return counts


def _block_sizes(n_users: int, n_resamples: int) -> Iterator[int]:
    block = max(1, _BLOCK_DRAWS // n_users)
    for start in range(0, n_resamples, block):
        yield min(block, n_resamples - start)
