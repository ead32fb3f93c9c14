"""The gate before a release: has any metric fallen by more than it may?"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from models.evaluation.metrics import METRICS
from models.evaluation.slices import ALL

DEFAULT_TOLERANCE = 0.05
_KEY = ["model", "metric", "k", "slice"]


def compare_with_release(
    metrics_now: pl.DataFrame,
    metrics_then: pl.DataFrame,
    tolerances: Mapping[str, float] | None = None,
    required_model: str = "recommendations",
) -> pl.DataFrame:
    """Metrics that fell too far below those of the last release.

    A row fails where `value < then * (1 - tolerance)` and the interval's upper end is below `then`: a fall that is
    large and not chance. A row without interval (coverage, gated only if named) fails on its value alone. Only rows
    that both sides have are compared, of the slice `all` and of slices that are named, so a retriever may be added or
    dropped; the required model may not vanish: where the release had it and nothing of it can be compared, that is a
    failure as well.

    Args:
        metrics_now: Rows of `metrics` of one as-of day. Higher must be better for every gated metric.
        metrics_then: Those the last release was made with; empty passes everything.
        tolerances: `metric` or `metric[slice]`, e.g. `recall[activity=low]` -> share it may fall by, in [0, 1); the
            metrics of `per_user_metrics` that are not named have 5 % over all users.
        required_model: The model a release is about.

    Returns:
        The failures, none if the gate is open: `model, metric, k, slice, value_then, value_now, ci_high_now,
        tolerance, reason` (`fell` or `missing`).

    Raises:
        ValueError: A tolerance is outside [0, 1), or a side has two rows for the same metric.
    """
    allowed = dict.fromkeys(METRICS, DEFAULT_TOLERANCE) | dict(tolerances or {})
    if bad := {name: share for name, share in allowed.items() if not 0 <= share < 1}:
        raise ValueError(f"tolerances are in [0, 1), found {bad}")
    limits = _limits(allowed)
    then = _gated(metrics_then, limits, "then").rename({"value": "value_then"}).drop("ci_high")
    now = _gated(metrics_now, limits, "now").rename({"value": "value_now", "ci_high": "ci_high_now"})
    both = then.join(now, on=_KEY, how="left").join(limits, on=["metric", "slice"], how="left").sort(_KEY)
    compared = pl.col("value_now").is_not_null()
    far = pl.col("value_now") < pl.col("value_then") * (1 - pl.col("tolerance"))
    sure = pl.col("ci_high_now").is_null() | (pl.col("ci_high_now") < pl.col("value_then"))
    fell = both.filter(compared & far & sure).with_columns(pl.lit("fell").alias("reason"))
    required = both.filter(pl.col("model") == required_model)
    vanished = required.filter(~compared) if required["value_now"].is_null().all() else required.clear()
    return pl.concat([fell, vanished.with_columns(pl.lit("missing").alias("reason"))]).select(
        *_KEY, "value_then", "value_now", "ci_high_now", "tolerance", "reason"
    )


def _limits(allowed: Mapping[str, float]) -> pl.DataFrame:
    """Rows `metric, slice, tolerance`."""
    names = [(name.removesuffix("]").partition("["), share) for name, share in allowed.items()]
    rows = [(metric, group or ALL, share) for (metric, _, group), share in names]
    return pl.DataFrame(rows, schema={"metric": pl.Utf8, "slice": pl.Utf8, "tolerance": pl.Float64}, orient="row")


def _gated(metrics: pl.DataFrame, limits: pl.DataFrame, side: str) -> pl.DataFrame:
    rows = metrics.filter(pl.col("value").is_not_null()).select(*_KEY, "value", "ci_high")
    rows = rows.join(limits, on=["metric", "slice"], how="semi")
    if rows.select(_KEY).is_duplicated().any():
        raise ValueError(f"metrics {side} have two rows for one metric; give those of one as-of day")
    return rows
