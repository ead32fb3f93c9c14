"""The sentence a reader came for: is the final list better than the baseline, and may it be released?"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from models.evaluation.slices import ALL
from models.reports.wording import FINAL_MODEL, metric_title, signed_percent


class Verdict(NamedTuple):
    """`tone` is `good`, `bad` or `unsure`; `headline` is one sentence, `details` are what it rests on."""

    tone: str
    headline: str
    details: list[str]


def verdict(
    metrics: pl.DataFrame, baseline: str, k: int, failures: pl.DataFrame | None, n_resamples: int = 1000
) -> Verdict:
    """Judge the final list.

    Bad: the gate against the last release failed, or the interval of the difference to the baseline is below 0.
    Good: it is above 0. Unsure: it holds 0, or there is nothing to compare.

    Args:
        metrics: Rows of `metrics` of one as-of day.
        baseline: The model compared with.
        k: The list length that counts.
        failures: What `compare_with_release` returned; `None` if there was no release to compare with.
        n_resamples: Sign flips behind the p-value.
    """
    name = metric_title("ndcg", k)
    if failures is not None and len(failures):
        return Verdict("bad", "Held back: it fell below the last release.", _fallen(failures))
    own, other = (_row(metrics, model, "ndcg", k) for model in (FINAL_MODEL, baseline))
    difference = _row(metrics, FINAL_MODEL, f"ndcg_minus_{baseline}", k)
    if own is None or other is None or difference is None:
        return Verdict(
            "unsure", "Not enough to judge by.", [f"There is no {name} of both {FINAL_MODEL} and {baseline}."]
        )
    relative = f" ({signed_percent(own['value'] / other['value'] - 1)})" if other["value"] > 0 else ""
    detail = (
        f"{name} is {own['value']:.4f} against {other['value']:.4f}{relative}. The difference lies between "
        f"{difference['ci_low']:+.4f} and {difference['ci_high']:+.4f} (95\u202f% interval, "
        f"{own['n_users']:,} users)."
    ).replace("-", "−")
    chance = _row(metrics, FINAL_MODEL, f"p_value_ndcg_minus_{baseline}", k)
    details = [detail] + (
        [f"Were the two alike, a gap this wide would turn up with {_chance(chance['value'], n_resamples)}."]
        if chance
        else []
    )
    shown = baseline.replace("_", " ")
    if difference["ci_low"] > 0:
        return Verdict("good", f"Better than {shown}.", details)
    if difference["ci_high"] < 0:
        return Verdict("bad", f"Worse than {shown}.", details)
    return Verdict("unsure", f"Not told apart from {shown}.", details)


def release_verdict(rows: pl.DataFrame | None, k: int, n_days: int = 0) -> Verdict:
    """Is the second of two releases better than the first, on the same users and days?

    Args:
        rows: What `compare_models` returned for B against A; `None` where they cannot be judged together.
        k: The list length that counts.
        n_days: Days they were judged on.
    """
    chosen = None if rows is None else rows.filter((pl.col("metric") == "ndcg") & (pl.col("k") == k))
    if chosen is None or chosen.is_empty():
        words = "No day has come since with users of both, so they cannot be judged on the same days yet."
        return Verdict("unsure", "Not to be told yet.", [words])
    row = chosen.row(0, named=True)
    days = "1 day" if n_days == 1 else f"{n_days} days"
    detail = (
        f"{metric_title('ndcg', k)} is {row['value']:.4f} against {row['value_against']:.4f}. The difference lies "
        f"between {row['ci_low']:+.4f} and {row['ci_high']:+.4f} (95\u202f% interval, {row['n_users']:,} users with "
        f"lists of both, {days})."
    ).replace("-", "−")
    if row["ci_low"] > 0:
        return Verdict("good", "B is better than A.", [detail])
    if row["ci_high"] < 0:
        return Verdict("bad", "B is worse than A.", [detail])
    return Verdict("unsure", "B is not told apart from A.", [detail])


def _chance(p_value: float, n_resamples: int) -> str:
    """`p = 0.004`; `p ≤ 0.001` where no sign flip reached the gap, so that only a bound is known."""
    at_floor = p_value <= 1.5 / (n_resamples + 1)
    return f"p {'≤' if at_floor else '='} {p_value:.2g}"


def _fallen(failures: pl.DataFrame) -> list[str]:
    lines = []
    for row in failures.iter_rows(named=True):
        what = f"{row['model']}: {metric_title(row['metric'], row['k'])}"
        if row["reason"] == "missing":
            lines.append(f"{what} was {row['value_then']:.4f} and is missing now.")
        else:
            lines.append(
                f"{what} was {row['value_then']:.4f} and is {row['value_now']:.4f}; "
                f"it may fall by {row['tolerance']:.0%}.".replace("%", "\u202f%")
            )
    return lines


def _row(metrics: pl.DataFrame, model: str, metric: str, k: int) -> dict | None:
    chosen = (pl.col("model") == model) & (pl.col("metric") == metric) & (pl.col("k") == k) & (pl.col("slice") == ALL)
    rows = metrics.filter(chosen & pl.col("value").is_not_null())
    return rows.row(0, named=True) if len(rows) else None
