"""The population stability index: how far a distribution has moved from what it usually is.

References:
    N. Siddiqi, Credit Risk Scorecards, Wiley 2006: the index, and its rule of thumb (below 0.1 no change, from 0.25 a
    large one).
    B. Yurdakul, Statistical Properties of Population Stability Index, Western Michigan University 2018: what chance
    alone makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

GROUPS: Final = 10
"""Bins of numbers are merged to at most so many of about equal size: deciles of what is usual."""

RARE: Final = 0.01
"""Categories that are rarer than this on both sides count together."""

PRIOR: Final = 0.5


def stability_index(usual: Sequence[int], found: Sequence[int]) -> float:
    """PSI = sum over bins of (a - e) * ln(a / e), with `e` the usual share of a bin and `a` the one found.

    Each bin's count gets half an event on either side, so that a bin that is empty on one side counts much but not
    infinitely, and one that is empty on both counts nothing to speak of; the definition leaves empty bins open.

    Args:
        usual: Counts by bin.
        found: Counts by the same bins.

    Returns:
        0 where shares are equal, otherwise above 0; 0 where either side has no event.
    """
    expected, actual = np.asarray(usual, dtype=float), np.asarray(found, dtype=float)
    if not expected.sum() or not actual.sum():
        return 0.0
    e = (expected + PRIOR) / (expected + PRIOR).sum()
    a = (actual + PRIOR) / (actual + PRIOR).sum()
    return float(((a - e) * np.log(a / e)).sum())


def by_chance(n_bins: int, n_usual: int, n_found: int) -> float:
    """The index that samples of one distribution exceed once in a thousand times.

    Yurdakul's approximation: PSI / (1/n + 1/m) is chi-squared with `n_bins - 1` degrees of freedom.
    """
    if n_bins < 2 or not n_usual or not n_found:
        return 0.0
    from scipy.stats import chi2

    return float(chi2.ppf(0.999, n_bins - 1) * (1 / n_usual + 1 / n_found))


def category_bins(usual: Mapping[str, int], found: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Counts of both by the same categories; rare ones together in the last bin."""
    sizes = max(sum(usual.values()), 1), max(sum(found.values()), 1)
    names = sorted({*usual, *found})
    large = [name for name in names if max(usual.get(name, 0) / sizes[0], found.get(name, 0) / sizes[1]) >= RARE]
    rest = set(names) - set(large)
    bins = [[side.get(name, 0) for name in large] for side in (usual, found)]
    if rest:
        for side, counts in zip((usual, found), bins, strict=True):
            counts.append(sum(side.get(name, 0) for name in rest))
    return bins[0], bins[1]


def number_bins(usual: Mapping[str, int], found: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Counts of both by groups of neighbouring bins, each with at least a tenth of what is usual.

    Args:
        usual: Bin (an integer as text, in the order of the values) -> count.
        found: The same.
    """
    wanted = sum(usual.values()) / GROUPS
    groups: list[tuple[int, int]] = []
    held, seen = 0, 0
    for name in sorted({*usual, *found}, key=int):
        held, seen = held + usual.get(name, 0), seen + found.get(name, 0)
        if held >= wanted > 0:
            groups.append((held, seen))
            held, seen = 0, 0
    if (held or seen) and groups:
        last = groups.pop()
        groups.append((last[0] + held, last[1] + seen))
    return [group[0] for group in groups], [group[1] for group in groups]
