"""A plot of everything that was tried: what it finds, over what it costs, with the front that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from models.reports.charts import ACCENT, GRID, INK, MUTED, PLAIN, panel, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "os^Dv<>p"


class Try(NamedTuple):
    """What something costs and gives, which group it is of, whether nothing beats it, and whether it was chosen."""

    cost: float
    gain: float
    group: str
    on_front: bool = False
    chosen: bool = False


def front_figure(tries: Sequence[Try], title: str, cost: str, least_gain: float, most_cost: float) -> Figure:
    """Gains over costs, costs on a logarithmic scale; a mark per group, the front joined, the chosen one filled.

    Args:
        tries: At least one, each with a cost above 0.
        title: Above the plot: what is gained.
        cost: What it costs, with its unit.
        least_gain: The limit below, drawn dashed.
        most_cost: The limit to the right, drawn dashed; none where it is `inf`.
    """
    groups = list(dict.fromkeys(one.group for one in tries))
    front = sorted((one.cost, one.gain) for one in tries if one.on_front)
    with settings():
        figure, axes = panel(title, 3.4)
        for marker, group in zip(MARKERS * len(groups), groups, strict=False):
            of_group = [one for one in tries if one.group == group]
            places = [one.cost for one in of_group], [one.gain for one in of_group]
            colours = [ACCENT if one.on_front else PLAIN for one in of_group]
            faces = [colour if one.chosen else "none" for colour, one in zip(colours, of_group, strict=True)]
            axes.scatter(*places, marker=marker, s=26, edgecolors=colours, facecolors=faces, linewidths=1.1)
            axes.plot([], [], marker=marker, linestyle="", color=INK, markerfacecolor="none", label=group)
        if front:
            axes.plot(*zip(*front, strict=True), color=ACCENT, linewidth=1.2, zorder=1)
        axes.axhline(least_gain, color=MUTED, linewidth=1, linestyle="--")
        if most_cost < float("inf"):
            axes.axvline(most_cost, color=MUTED, linewidth=1, linestyle="--")
        axes.set_xscale("log")
        axes.set_xlabel(cost, fontsize=10, color=MUTED)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(color=GRID, linewidth=0.8)
        axes.legend(frameon=False, fontsize=9.5, labelcolor=INK, loc="lower right")
    return figure
