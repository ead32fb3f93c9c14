"""Is one model better than another, by how much, how sure is that, and what difference could these users have shown?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from models.evaluation.intervals import PairedDifference, bootstrap_intervals, paired_difference, paired_differences

POWER = 0.8
"""Chance with which a difference of `smallest_detectable` would have been found."""

DIFFERENCE = ["value", "value_against", "difference", "ci_low", "ci_high", "p_value", "p_adjusted"]
"""Columns of a difference, f64, of models or of slices."""

COMPARISONS_SCHEMA = pl.Schema(
    {
        "model": pl.String(),
        "against": pl.String(),
        "metric": pl.String(),
        "k": pl.Int32(),
        **dict.fromkeys(DIFFERENCE, pl.Float64()),
        "effect_size": pl.Float64(),
        "smallest_detectable": pl.Float64(),
        "n_users": pl.Int32(),
    }
)


@dataclass(frozen=True)
class Comparison:
    """Two models on the same users.

    Attributes:
        value: Mean of the first.
        value_against: Mean of the second.
        difference: Mean of first minus second.
        ci_low: Lower end of the bootstrap interval of the difference.
        ci_high: Its upper end.
        p_value: Two-sided, of the sign-flip randomisation test.
        effect_size: The difference in standard deviations of the users' differences (Cohen's d of paired values,
            Sakai 2018, "Laboratory Experiments in Information Retrieval", chapter 5); `None` where all are the same.
        smallest_detectable: The least true difference that a two-sided test at `1 - level` finds among as many users
            with a chance of 80 %: `(z(1 - (1 - level) / 2) + z(.8)) * sd / sqrt(n)`. `None` for one user.
        n_users: Users behind it.
    """

    value: float
    value_against: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    effect_size: float | None
    smallest_detectable: float | None
    n_users: int


def compare_users(
    a: np.ndarray, b: np.ndarray, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Comparison:
    """Compare two models' values of the same users.

    Args:
        a: `[n_users]`.
        b: `[n_users]`, the same users in the same order.
        n_resamples: Bootstrap resamples, and sign flips.
        level: Of the interval.
        seed: Of both.

    Raises:
        ValueError: The lengths differ, or there are no users.
    """
    found = paired_difference(a, b, n_resamples, level, seed)
    return _comparison(np.asarray(a, float), np.asarray(b, float), found, level)


def _comparison(a: np.ndarray, b: np.ndarray, found: PairedDifference, level: float) -> Comparison:
    n_users = len(a)
    spread = float(np.std(a - b, ddof=1)) if n_users > 1 else None
    normal = NormalDist()
    z = normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(POWER)
    return Comparison(
        value=float(np.mean(a)),
        value_against=float(np.mean(b)),
        difference=found.mean,
        ci_low=found.low,
        ci_high=found.high,
        p_value=found.p_value,
        effect_size=found.mean / spread if spread else None,
        smallest_detectable=None if spread is None else float(z * spread / n_users**0.5),
        n_users=n_users,
    )


def holm(p_values: Sequence[float]) -> np.ndarray:
    """P-values of several comparisons, adjusted so that the chance of any false alarm stays below the level.

    With the p-values in ascending order, `adjusted[i] = max(min(1, (m - j) * p[j]) for j in 0..i)`. (Holm 1979, "A
    simple sequentially rejective multiple test procedure".)

    Args:
        p_values: `[m]`, each in [0, 1].

    Returns:
        `[m]` float64 in the order given.

    Raises:
        ValueError: A p-value is outside [0, 1] or not a number.
    """
    given = np.asarray(p_values, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"p-values are in [0, 1], found {list(p_values)}")
    order = np.argsort(given, kind="stable")
    raised = np.minimum(1, (len(given) - np.arange(len(given))) * given[order])
    adjusted = np.empty_like(given)
    adjusted[order] = np.maximum.accumulate(raised)
    return adjusted


def compare_models(
    values: Mapping[str, pl.DataFrame],
    pairs: Iterable[tuple[str, str]],
    metrics: Sequence[str],
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """Compare pairs of models on every metric and k; p-values are adjusted over the pairs of one metric and k.

    Args:
        values: Model -> rows `user_id, metric, k, value` of the same users (`per_user_metrics`).
        pairs: Names of two models each.
        metrics: Which metrics.
        n_resamples: As in `compare_users`.
        level: As there.
        seed: As there.

    Returns:
        Rows of `COMPARISONS_SCHEMA`, sorted by metric, k, model and against.

    Raises:
        ValueError: The models of a pair have values of different users.
    """
    columns = {
        model: {key: rows.sort("user_id") for key, rows in frame.group_by("metric", "k")}
        for model, frame in values.items()
    }
    keys, sides = [], []
    for model, against in pairs:
        for metric, k in sorted(key for key in columns[model] if key[0] in metrics):
            a, b = columns[model][metric, k], columns[against][metric, k]
            if not a["user_id"].equals(b["user_id"]):
                raise ValueError(f"{model} and {against} have values of different users")
            keys.append({"model": model, "against": against, "metric": metric, "k": k})
            sides.append((a["value"].to_numpy(), b["value"].to_numpy()))
    rows = []
    if sides:
        differences = np.column_stack([a - b for a, b in sides])
        found = paired_differences(differences, n_resamples, level, seed)
        rows = [
            {**key, **vars(_comparison(*side, one, level))} for key, side, one in zip(keys, sides, found, strict=True)
        ]
    return adjusted(pl.DataFrame(rows, schema=COMPARISONS_SCHEMA), "metric", "k").sort(
        "metric", "k", "model", "against"
    )


def mean_intervals(
    values: Mapping[str, pl.DataFrame], n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> pl.DataFrame:
    """Each model's means with intervals of their own, beside which its differences to others can be read.

    Args:
        values: As in `compare_models`, of at least one user.
        n_resamples: As in `compare_users`.
        level: As there.
        seed: As there.

    Returns:
        Rows `model, metric, k, value, ci_low, ci_high, n_users`, sorted by model, k and metric.
    """
    keys, columns = [], []
    for model, frame in values.items():
        for (metric, k), rows in frame.group_by("metric", "k", maintain_order=True):
            keys.append({"model": model, "metric": metric, "k": k, "n_users": rows.height})
            columns.append(rows.sort("user_id")["value"].to_numpy())
    found = bootstrap_intervals(np.column_stack(columns), n_resamples, level, seed)
    means = [
        {**key, "value": one.mean, "ci_low": one.low, "ci_high": one.high} for key, one in zip(keys, found, strict=True)
    ]
    names = ["model", "metric", "k", "value", "ci_low", "ci_high", "n_users"]
    return pl.DataFrame(means).select(names).sort("model", "k", "metric")


def adjusted(frame: pl.DataFrame, *family: str) -> pl.DataFrame:
    """`p_adjusted` from `p_value` (`holm`), over the rows that agree in the columns of `family`."""
    parts = [
        part.with_columns(p_adjusted=pl.Series(holm(part["p_value"].to_list()), dtype=pl.Float64))
        for part in frame.partition_by(*family, maintain_order=True)
    ]
    return pl.concat(parts) if parts else frame
