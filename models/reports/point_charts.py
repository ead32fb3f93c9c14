"""Plots of points: shares with whiskers by bin, and what is gained for what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from models.reports.charts import ACCENT, GRID, INK, MUTED, PLAIN, panel, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SMALL: Any = {"fontsize": 8.5, "color": MUTED}


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


class Trade(NamedTuple):
    """What something costs, what it gives, what it is called, and whether it was chosen."""

    cost: float
    gain: float
    name: str
    chosen: bool = False


def trade_figure(lines: Mapping[str, Sequence[Trade]], title: str, cost: str) -> Figure:
    """Gains over costs, costs on a logarithmic scale; chosen points are filled, those of a line are joined.

    Args:
        lines: Name -> points, each with a cost above 0; at least one.
        title: Above the plot: what is gained.
        cost: What it costs, with its unit.
    """
    with settings():
        figure, axes = panel(title, 2.6)
        for colour, (name, points) in zip([ACCENT, PLAIN, INK] * len(lines), lines.items(), strict=False):
            costs, gains = [point.cost for point in points], [point.gain for point in points]
            axes.plot(costs, gains, color=colour, linewidth=1.2, label=name)
            for point in points:
                face = colour if point.chosen else "none"
                axes.plot(point.cost, point.gain, marker="o", markersize=6, color=colour, markerfacecolor=face)
                axes.annotate(point.name, (point.cost, point.gain), (5, -12), textcoords="offset points", **_SMALL)
        axes.set_xscale("log", subs=(2, 5))
        axes.margins(x=0.25)
        every = [point.gain for points in lines.values() for point in points]
        spread = max(max(every) - min(every), 0.02)
        axes.set_ylim(min(every) - 0.35 * spread, max(every) + 0.15 * spread)
        axes.set_xlabel(cost, fontsize=10, color=MUTED)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}")
        axes.tick_params(axis="x", which="minor", length=0, labelsize=10, labelcolor=MUTED)
        axes.grid(color=GRID, linewidth=0.8)
        axes.legend(frameon=False, fontsize=9.5, labelcolor=INK, loc="best")
    return figure
