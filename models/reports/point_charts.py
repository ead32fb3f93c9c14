"""Plots of points: shares with whiskers by bin, and what is gained for what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from models.reports.charts import ACCENT, GRID, MUTED, panel, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Point(NamedTuple):
    """A share with its interval at a place of the axis."""

    place: float
    share: float
    low: float
    high: float


def share_figure(points: Sequence[Point], title: str, axis: str, line: float | None = None) -> Figure:
    """Shares with whiskers over ordered bins, from 0 upwards.

    Args:
        points: At least one, in order.
        title: Above the plot.
        axis: What the places are.
        line: The share over all, drawn dashed.
    """
    with settings():
        figure, axes = panel(title, 2.6)
        places, shares, lows, highs = zip(*points, strict=True)
        whiskers = [
            [share - low for share, low in zip(shares, lows, strict=True)],
            [high - share for share, high in zip(shares, highs, strict=True)],
        ]
        if line is not None:
            axes.axhline(line, color=MUTED, linewidth=1, linestyle="--")
        axes.errorbar(places, shares, yerr=whiskers, color=ACCENT, marker="o", markersize=4, linewidth=1.4, capsize=2.5)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(axis, fontsize=10, color=MUTED)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.locator_params(axis="x", integer=True, nbins=11)
        axes.locator_params(axis="y", nbins=6)
    return figure
