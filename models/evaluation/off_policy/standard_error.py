"""How sure a mean is whose rows depend on each other within groups."""

from __future__ import annotations

import numpy as np


def standard_error(terms: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Of the mean of values that depend on each other within groups only.

    `sqrt(sum_g (sum_{i in g} (t_i - mean(t)))^2 * G / (G - 1)) / n` with G groups; without groups that is the usual
    `std(t) / sqrt(n)`. (Liang and Zeger 1986, for a mean.) Infinite with a single group: nothing is known of it.

    Args:
        terms: `[n]`.
        groups: `[n]` integers, or `None`.
    """
    centred = terms - terms.mean()
    if groups is not None:
        centred = np.bincount(np.unique(groups, return_inverse=True)[1], weights=centred)
    n_groups = len(centred)
    if n_groups < 2:
        return float("inf")
    return float(np.sqrt(np.square(centred).sum() * n_groups / (n_groups - 1)) / len(terms))
