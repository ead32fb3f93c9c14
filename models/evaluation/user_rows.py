"""The rows of `metrics` that are means over users, with the interval of the mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from models.evaluation.hits import find_hits
from models.evaluation.intervals import bootstrap_intervals, paired_difference
from models.evaluation.metrics import R_PRECISION, r_precision, ranking_table
from models.evaluation.slices import ALL

MEANS_SCHEMA = pl.Schema(
    {
        "model": pl.String(),
        "metric": pl.String(),
        "k": pl.Int32(),
        "slice": pl.String(),
        "value": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "n_users": pl.Int32(),
    }
)
"""Columns of a mean over users."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are drawn: resamples (and sign flips), level, seed."""

    n_resamples: int = 1000
    level: float = 0.95
    seed: int = 0


def user_values(ranked: pl.DataFrame, relevant: pl.DataFrame, ks: Sequence[int]) -> pl.DataFrame:
    """One row per user, sorted, and a column `metric@k` per number; R-precision, which has no k, as `r_precision@0`."""
    hits = find_hits(ranked, relevant)
    return ranking_table(hits, ks).with_columns(pl.Series(f"{R_PRECISION}@0", r_precision(hits)))


def mean_rows(values: Mapping[str, pl.DataFrame], slices: pl.DataFrame, resampling: Resampling) -> Iterator[tuple]:
    """Every model's and metric's column is resampled with the same draws of users.

    Args:
        values: Model -> `user_values`, all of the same users.
        slices: Rows `user_id, slice`.
        resampling: How intervals are drawn.
    """
    parts = [next(iter(values.values())).select("user_id")]
    for model, frame in values.items():
        parts.append(frame.select(pl.exclude("user_id").name.prefix(f"{model}|")))
    wide = pl.concat(parts, how="horizontal")
    columns = [column for column in wide.columns if column != "user_id"]
    for (name,), members in slices.group_by("slice", maintain_order=True):
        matrix = wide.join(members, on="user_id", how="semi", maintain_order="left").select(columns).to_numpy()
        intervals = bootstrap_intervals(matrix, resampling.n_resamples, resampling.level, resampling.seed)
        for column, interval in zip(columns, intervals, strict=True):
            model, number = column.rsplit("|", 1)
            metric, k = number.split("@")
            yield (model, metric, int(k), name, *interval, len(matrix))


def comparison_rows(
    values: Mapping[str, pl.DataFrame], baseline: str, ks: Sequence[int], resampling: Resampling
) -> Iterator[tuple]:
    """`ndcg_minus_<baseline>` of every other model, with the interval and p-value of the paired difference."""
    for model in values if baseline in values else ():
        if model == baseline:
            continue
        for k in sorted(set(ks)):
            ours, theirs = (values[name][f"ndcg@{k}"].to_numpy() for name in (model, baseline))
            found = paired_difference(ours, theirs, resampling.n_resamples, resampling.level, resampling.seed)
            metric = f"ndcg_minus_{baseline}"
            yield (model, metric, k, ALL, found.mean, found.low, found.high, len(ours))
            yield (model, f"p_value_{metric}", k, ALL, found.p_value, None, None, len(ours))
