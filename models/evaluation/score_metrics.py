"""Metrics of scores, such as predicted click probabilities, against what happened: order and calibration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class GroupedAuc(NamedTuple):
    """AUC within users.

    Attributes:
        value: Mean over users with both classes, each weighted by their impressions; NaN without such a user.
        n_users: Users behind it.
        n_left_out: Users of one class only, for whom there is no order to be right about.
    """

    value: float
    n_users: int
    n_left_out: int


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties counting half: the area under the ROC curve.

    `(sum of the positives' ranks - P * (P + 1) / 2) / (P * N)` with P positives, N negatives and equal scores sharing
    their mean rank. (Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve".)

    Args:
        labels: `[n]` of 0 and 1, or bool.
        scores: `[n]`, higher for likelier; any scale.

    Returns:
        In [0, 1]; 1/2 where all scores are equal; NaN without a positive or without a negative.

    Raises:
        ValueError: The lengths differ, a label is neither 0 nor 1, or a score is NaN.
    """
    labels, scores = _checked(labels, scores)
    return float(_auc_of_groups(np.zeros(len(labels), dtype=np.int64), labels, scores, 1)[0])


def grouped_auc(users: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> GroupedAuc:
    """gAUC: the mean of the users' AUC, weighted by their impressions.

    Unlike `auc` it is blind to how users differ in level, which no list can profit from. (Zhu et al. 2017, "Optimized
    Cost per Click in Taobao Display Advertising", section on offline metrics; Zhou et al. 2018, "Deep Interest
    Network".) Weights there are impressions or clicks; here impressions.

    Args:
        users: `[n]` id of the user of each impression.
        labels: `[n]` of 0 and 1, or bool.
        scores: `[n]`, higher for likelier.

    Raises:
        ValueError: As `auc`.
    """
    labels, scores = _checked(labels, scores)
    if len(users) != len(labels):
        raise ValueError(f"{len(users)} users cannot go with {len(labels)} labels")
    found, user = np.unique(users, return_inverse=True)
    values = _auc_of_groups(user, labels, scores, len(found))
    both = np.isfinite(values)
    weights = np.bincount(user, minlength=len(found))[both]
    value = float((values[both] * weights).sum() / weights.sum()) if both.any() else float("nan")
    return GroupedAuc(value, int(both.sum()), int((~both).sum()))


def log_loss(labels: np.ndarray, probabilities: np.ndarray, clip: float = 1e-15) -> float:
    """Mean of `-(y * ln(p) + (1 - y) * ln(1 - p))`, in nats. (Good 1952, "Rational Decisions".)

    Args:
        labels: `[n]` of 0 and 1, or bool.
        probabilities: `[n]` in [0, 1].
        clip: Probabilities are held within [clip, 1 - clip], so that a certain mistake costs `-ln(clip)` and not
            infinity; in (0, 0.5).

    Returns:
        At least 0; NaN without rows.

    Raises:
        ValueError: As `auc`, or a probability is outside [0, 1], or the clip outside (0, 0.5).
    """
    labels, probabilities = _checked(labels, probabilities)
    _check_probabilities(probabilities)
    if not 0 < clip < 0.5:
        raise ValueError(f"clip is in (0, 0.5), found {clip}")
    if not len(labels):
        return float("nan")
    held = np.clip(probabilities, clip, 1 - clip)
    return float(-np.where(labels == 1, np.log(held), np.log1p(-held)).mean())


def calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, n_bins: int = 10, equal_mass: bool = False
) -> float:
    """ECE: how far predicted probabilities are from the shares that happened, bin by bin.

    `sum(n_b / n * |mean(y in b) - mean(p in b)|)`. (Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning"; equal mass: Nixon et al. 2019, "Measuring Calibration in Deep Learning".) It depends on the
    bins, and is above 0 by chance alone where they hold few rows: compare only with equal bins and numbers of rows.

    Args:
        labels: `[n]` of 0 and 1, or bool.
        probabilities: `[n]` in [0, 1].
        n_bins: At least 1. Empty bins count nothing.
        equal_mass: Bins hold equal numbers of rows (to one) in order of probability, of which equal probabilities
            may fall apart in the order given, instead of being equally wide, `[b / n_bins, (b + 1) / n_bins)`, the last
            with its end.

    Returns:
        In [0, 1]; NaN without rows.

    Raises:
        ValueError: As `log_loss`, or fewer than 1 bin.
    """
    labels, probabilities = _checked(labels, probabilities)
    _check_probabilities(probabilities)
    if n_bins < 1:
        raise ValueError(f"n_bins is at least 1, found {n_bins}")
    n = len(labels)
    if not n:
        return float("nan")
    if equal_mass:
        bins = np.empty(n, dtype=np.int64)
        bins[np.argsort(probabilities, kind="stable")] = np.arange(n) * n_bins // n
    else:
        edges = np.arange(1, n_bins) / n_bins
        bins = np.searchsorted(edges, probabilities, side="right")
    gaps = np.bincount(bins, labels - probabilities, n_bins)
    return float(np.abs(gaps).sum() / n)


def _auc_of_groups(group: np.ndarray, labels: np.ndarray, scores: np.ndarray, n_groups: int) -> np.ndarray:
    """`[n_groups]` f64, NaN for a group of one class."""
    order = np.lexsort((scores, group))
    group, labels, scores = group[order], labels[order], scores[order]
    ranks = _mean_ranks(group, scores)
    n = np.bincount(group, minlength=n_groups).astype(np.float64)
    positives = np.bincount(group, labels, n_groups)
    rank_sums = np.bincount(group, labels * ranks, n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (rank_sums - positives * (positives + 1) / 2) / (positives * (n - positives))


def _mean_ranks(group: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Rank of each within its group, 1-based, equal scores sharing the mean; both are sorted."""
    n = len(group)
    starts = np.flatnonzero(np.r_[True, (group[1:] != group[:-1]) | (scores[1:] != scores[:-1])][:n])
    sizes = np.diff(np.r_[starts, n])
    position = np.repeat(starts + (sizes + 1) / 2, sizes)
    return position - np.searchsorted(group, group, side="left")


def _checked(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, scores = np.asarray(labels, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if labels.shape != scores.shape or labels.ndim != 1:
        raise ValueError(f"labels of shape {labels.shape} cannot go with scores of shape {scores.shape}")
    if not np.isin(labels, [0, 1]).all():
        raise ValueError("labels are 0 or 1")
    if n := int(np.isnan(scores).sum()):
        raise ValueError(f"{n} of {len(scores)} scores are NaN; mend the model, or leave these rows out and say so")
    return labels, scores


def _check_probabilities(probabilities: np.ndarray) -> None:
    if len(probabilities) and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        found = f"{probabilities.min():g} to {probabilities.max():g}"
        raise ValueError(f"probabilities are in [0, 1], found {found}; apply a sigmoid to logits first")
