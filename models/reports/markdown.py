"""Plots inside Markdown, the one form of picture Dagster's metadata shows."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import polars as pl

from models.evaluation.slices import ALL
from models.reports.charts import Bar, bar_figure, curve_figure, to_png
from models.reports.wording import FINAL_MODEL, LOWER_IS_BETTER, metric_title


def markdown_image(png: bytes, alt: str = "plot") -> str:
    """A Markdown image that carries its own bytes.

    Args:
        png: The picture.
        alt: Shown where pictures are not; brackets and line breaks are taken out of it.
    """
    text = "".join(character for character in alt if character not in "[]\r\n")
    return f"![{text}](data:image/png;base64,{base64.b64encode(png).decode()})"


def metric_bars_png(metrics: pl.DataFrame, metric: str = "ndcg", k: int = 10) -> bytes:
    """One metric of every model with its interval, best first.

    Args:
        metrics: Rows of `metrics` of one as-of day.
        metric: Which.
        k: At which list length.

    Raises:
        ValueError: There is no such row.
    """
    bars = metric_bars(metrics, metric, k)
    if not bars:
        raise ValueError(f"no row of metric {metric!r} at k = {k} for all users")
    return to_png(bar_figure(bars, metric_title(metric, k)))


def learning_curve_png(curve: Sequence[Mapping[str, float]], title: str) -> bytes:
    """A fit's learning curve.

    Args:
        curve: `FitReport.curve`.
        title: The model's name, say.

    Raises:
        ValueError: The curve is empty, as it is for models without epochs.
    """
    if not curve:
        raise ValueError(f"{title} has no learning curve")
    return to_png(curve_figure(curve, title))


def metric_bars(metrics: pl.DataFrame, metric: str, k: int) -> list[Bar]:
    """Bars of one metric over all users, best first, ties by name; rows without a value are left out."""
    chosen = (
        (pl.col("metric") == metric) & (pl.col("k") == k) & (pl.col("slice") == ALL) & pl.col("value").is_not_null()
    )
    rows = metrics.filter(chosen).sort("value", "model", descending=[metric not in LOWER_IS_BETTER, False])
    return [
        Bar(row["model"], row["value"], row["ci_low"], row["ci_high"], row["model"] == FINAL_MODEL)
        for row in rows.iter_rows(named=True)
    ]
