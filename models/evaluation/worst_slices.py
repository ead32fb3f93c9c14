"""Where are lists worse than elsewhere, or than a baseline's, by more than chance allows?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import NormalDist

import numpy as np
import polars as pl

from models.evaluation.comparisons import DIFFERENCE, adjusted
from models.evaluation.metrics import per_user_metrics

MIN_USERS = 20
"""Users a slice, and what it is compared with, must have: with fewer the interval would not hold."""

ELSEWHERE = "elsewhere"
"""What a slice is compared with: the users, or the items, outside it."""

FINDINGS_SCHEMA = pl.Schema(
    {
        "model": pl.String(),
        "slice": pl.String(),
        "against": pl.String(),
        "metric": pl.String(),
        "k": pl.Int32(),
        **dict.fromkeys(DIFFERENCE, pl.Float64()),
        "is_worse": pl.Boolean(),
        "n_users": pl.Int32(),
    }
)


def judge_slices(
    lists: Mapping[str, pl.DataFrame],
    relevant: pl.DataFrame,
    user_slices: pl.DataFrame,
    item_slices: pl.DataFrame,
    k: int,
    model: str = "recommendations",
    baseline: str = "recent_popularity",
    level: float = 0.95,
) -> pl.DataFrame:
    """Compare every slice with what is outside it, and with the baseline's lists in the same slice.

    A slice of users is judged by their NDCG@k; one of items by the share of its relevant items that the first k places
    hold (recall@k), over the users who took any. Against `elsewhere` the difference of means has a normal interval with
    both variances (Welch 1947); against the baseline the users are the same, and it is that of their differences.
    P-values are adjusted over all slices of one kind of comparison (`holm`); `is_worse` where the adjusted one is below
    `1 - level` and the difference is negative, so that noise is not reported. Slices with fewer than 20 users, or with
    fewer than 20 elsewhere, are left out of that comparison.

    Args:
        lists: Model -> rows `user_id, rank, item_id`.
        relevant: Rows `user_id, item_id`: the truth.
        user_slices: Rows `user_id, slice`.
        item_slices: Rows `item_id, slice`.
        k: List length.
        model: Whose lists are judged.
        baseline: The other model; where there are no lists of it, only `elsewhere` is looked at.
        level: Of the intervals.

    Returns:
        Rows of `FINDINGS_SCHEMA`, the worst first.
    """
    names = [name for name in (model, baseline) if name in lists]

    def judged(truth: pl.DataFrame, metric: str) -> dict[str, pl.DataFrame]:
        values = {name: per_user_metrics(lists[name], truth, [k]) for name in names}
        only = pl.col("metric") == metric
        return {name: rows.filter(only).select("user_id", "value").sort("user_id") for name, rows in values.items()}

    rows: list[dict] = []
    everyone = judged(relevant, "ndcg")
    for name, members in _groups(user_slices, "user_id"):
        inside = {side: frame.join(members, on="user_id", how="semi") for side, frame in everyone.items()}
        outside = everyone[model].join(members, on="user_id", how="anti")
        rows += _against({"slice": name, "metric": "ndcg"}, inside, outside, (model, baseline), level)
    for name, members in _groups(item_slices, "item_id"):
        part = relevant.join(members, on="item_id", how="semi")
        others = relevant.join(members, on="item_id", how="anti")
        inside, outside = judged(part, "recall"), judged(others, "recall")[model]
        rows += _against({"slice": name, "metric": "recall"}, inside, outside, (model, baseline), level)
    return _adjusted([{**row, "model": model, "k": k} for row in rows], 1 - level)


def difference_of_means(a: np.ndarray, b: np.ndarray, level: float = 0.95) -> dict[str, float]:
    """Mean of `a` minus mean of `b`, of different users, with a normal interval and a two-sided p-value.

    `se = sqrt(var(a) / len(a) + var(b) / len(b))`. Without any variance the p-value is 1 for equal means, else 0.

    Args:
        a: `[n]`, at least 2 values.
        b: `[m]`, at least 2 values.
        level: Of the interval.
    """
    return _normal(a, b, float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))), level)


def paired(a: np.ndarray, b: np.ndarray, level: float = 0.95) -> dict[str, float]:
    """The same of the same users in the same order: `se = sd(a - b) / sqrt(n)`.

    Args:
        a: `[n]`, at least 2 values.
        b: `[n]`.
        level: Of the interval.
    """
    return _normal(a, b, float((a - b).std(ddof=1) / np.sqrt(len(a))), level)


def _normal(a: np.ndarray, b: np.ndarray, error: float, level: float) -> dict[str, float]:
    normal = NormalDist()
    difference = float(a.mean() - b.mean())
    reach = normal.inv_cdf((1 + level) / 2) * error
    p_value = 2 * normal.cdf(-abs(difference) / error) if error else float(difference == 0)
    return {
        "value": float(a.mean()),
        "value_against": float(b.mean()),
        "difference": difference,
        "ci_low": difference - reach,
        "ci_high": difference + reach,
        "p_value": p_value,
    }


def _against(
    about: Mapping[str, str],
    inside: Mapping[str, pl.DataFrame],
    outside: pl.DataFrame,
    names: tuple[str, str],
    level: float,
) -> Iterator[dict]:
    """The comparisons of one slice that have enough users."""
    model, baseline = names
    ours = inside[model]
    if ours.height < MIN_USERS:
        return
    if outside.height >= MIN_USERS:
        found = difference_of_means(ours["value"].to_numpy(), outside["value"].to_numpy(), level)
        yield {**about, "n_users": ours.height, "against": ELSEWHERE, **found}
    if baseline in inside:
        theirs = inside[baseline]["value"].to_numpy()
        yield {**about, "n_users": ours.height, "against": baseline, **paired(ours["value"].to_numpy(), theirs, level)}


def _groups(slices: pl.DataFrame, key: str) -> Iterator[tuple[str, pl.DataFrame]]:
    if slices.height:
        for (name,), members in slices.sort("slice").group_by("slice", maintain_order=True):
            yield str(name), members.select(key)


def _adjusted(rows: list[dict], threshold: float) -> pl.DataFrame:
    worse = (pl.col("p_adjusted") < threshold) & (pl.col("difference") < 0)
    frame = adjusted(pl.DataFrame(rows, schema=FINDINGS_SCHEMA), "against").with_columns(is_worse=worse)
    return frame.sort(["is_worse", "difference", "slice"], descending=[True, False, False])
