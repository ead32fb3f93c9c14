"""Plots of metric rows and curves, as PNG for the Dagster UI and as SVG that follows a page's colours."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID, ACCENT, PLAIN = "#1c2430", "#5b6675", "#dfe4ea", "#0f6f6a", "#9aa7b4"
_CSS_NAMES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", ACCENT: "--accent", PLAIN: "--plain"}
_PANEL_INCHES = 4.3
_CURVE_INCHES, _TITLE_INCHES = 1.7, 0.5
_TITLE: Any = {"loc": "left", "fontsize": 11, "color": INK, "fontweight": "bold"}
_SETTINGS = {"svg.fonttype": "none", "text.parse_math": False}
"""A name with dollar signs is a name, not a formula; read both when text is made and when it is drawn."""


class Bar(NamedTuple):
    """One bar: its name, its value, the ends of its interval where it has one, and whether it stands out."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    highlighted: bool = False


def bar_figure(bars: Sequence[Bar], title: str, value_format: str = "{:.4f}") -> Figure:
    """Horizontal bars in the given order, first on top, with whiskers for intervals.

    Args:
        bars: At least one.
        title: Above the plot.
        value_format: Format of the number printed beside a bar.
    """
    with settings():
        figure, axes = panel(title, 0.66 + 0.34 * len(bars))
        _draw_bars(axes, bars, value_format)
    return figure


def curve_figure(curve: Sequence[Mapping[str, float]], title: str) -> Figure:
    """Learning curves over epochs, losses and quality in panels of their own.

    Args:
        curve: `FitReport.curve`: dicts with `epoch` and any series; a series may be absent from some.
        title: Above the plot.
    """
    panels = series_of(curve)
    with settings():
        figure, first = panel(title, _TITLE_INCHES + _CURVE_INCHES * max(len(panels), 1))
        figure.delaxes(first)
        for number, group in enumerate(panels, 1):
            axes = figure.add_subplot(len(panels), 1, number)
            axes.set_title(title if number == 1 else "", **_TITLE)
            _draw_series(axes, curve, group)
            axes.set_xlabel("epoch" if number == len(panels) else "", fontsize=10, color=MUTED)
    return figure


def trend_figure(lines: Mapping[str, Sequence[tuple[dt.date, float, float, float]]], title: str) -> Figure:
    """Values over days with their intervals as bands; the first line stands out.

    Args:
        lines: Name -> points (day, value, low, high) in order of the days.
        title: Above the plot.
    """
    with settings():
        figure, axes = panel(title, 2.6)
        for colour, (name, points) in zip(_cycle((ACCENT, PLAIN, INK)), lines.items(), strict=False):
            days, values, lows, highs = zip(*points, strict=True)
            axes.fill_between(days, lows, highs, color=colour, alpha=0.18, linewidth=0)
            axes.plot(days, values, color=colour, marker="o", markersize=3, label=_words(name))
        axes.set_ylim(bottom=0)
        axes.grid(color=GRID, linewidth=0.8)
        axes.legend(frameon=False, fontsize=9.5, labelcolor=INK, loc="best")
        axes.tick_params(axis="x", labelrotation=30)
    return figure


def series_of(curve: Sequence[Mapping[str, float]]) -> list[list[str]]:
    """The curve's series, losses apart from the rest, since they share no scale; groups without any are left out."""
    names = [name for name in dict.fromkeys(name for step in curve for name in step) if name != "epoch"]
    groups = ([name for name in names if ("loss" in name) == is_loss] for is_loss in (True, False))
    return [group for group in groups if group]


def to_png(figure: Figure) -> bytes:
    """The figure on white, at twice the screen's usual density."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    out = io.BytesIO()
    with settings():
        FigureCanvasAgg(figure)
        figure.savefig(out, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    return out.getvalue()


def to_svg(figure: Figure, name: str) -> str:
    """The figure as an `<svg>` element without background, whose colours are the page's CSS variables.

    Args:
        figure: What to draw; every text in it is escaped.
        name: Unique in the page; the element's internal ids derive from it, so the output is reproducible.
    """
    out = io.StringIO()
    with settings({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, variable in _CSS_NAMES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Group ids such as axes_1 repeat from one figure to the next, and nothing refers to them.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    return svg.replace("<svg ", '<svg role="img" ', 1)


def settings(more: Mapping[str, Any] | None = None) -> Any:
    """A context in which figures are made and drawn."""
    import matplotlib

    every: Any = {**_SETTINGS, **(more or {})}
    return matplotlib.rc_context(every)


def panel(title: str, height_inches: float) -> tuple[Figure, Any]:
    """A figure of one plot, as wide as all others, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_PANEL_INCHES, height_inches), layout="constrained")
    axes = figure.add_subplot()
    dress(axes)
    axes.set_title(title, **_TITLE)
    return figure, axes


def _draw_bars(axes: Any, bars: Sequence[Bar], value_format: str) -> None:
    places = range(len(bars))
    values = [bar.value for bar in bars]
    ends = [max(bar.value, bar.high if bar.high is not None else bar.value) for bar in bars]
    colours = [ACCENT if bar.highlighted else PLAIN for bar in bars]
    axes.barh(places, values, height=0.62, color=colours)
    for place, bar in zip(places, bars, strict=True):
        if bar.low is not None and bar.high is not None:
            whiskers = [[max(bar.value - bar.low, 0)], [max(bar.high - bar.value, 0)]]
            axes.errorbar(bar.value, place, xerr=whiskers, color=INK, linewidth=1.1, capsize=2.5)
    reach = max([*ends, 0.0]) or 1.0
    for place, bar, end in zip(places, bars, ends, strict=True):
        text = value_format.format(bar.value)
        axes.text(max(end, 0) + reach * 0.025, place, text, va="center", color=INK, fontsize=10)
    axes.set_xlim(min([bar.low or 0 for bar in bars] + values + [0.0]), reach * 1.28)
    axes.set_yticks(list(places), [bar.name for bar in bars])
    axes.invert_yaxis()
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.locator_params(axis="x", nbins=5)


def _draw_series(axes: Any, curve: Sequence[Mapping[str, float]], names: Sequence[str]) -> None:
    for colour, style, name in zip(_cycle((ACCENT, PLAIN, INK)), _cycle(("-", "-", ":")), names, strict=False):
        points = [(step["epoch"], step[name]) for step in curve if name in step]
        marker = "o" if len(points) < 3 else None
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=style, marker=marker, label=_words(name))
    dress(axes)
    axes.grid(color=GRID, linewidth=0.8)
    axes.locator_params(axis="x", integer=True, nbins=6)
    axes.legend(frameon=False, fontsize=9.5, labelcolor=INK, loc="best")


def dress(axes: Any) -> None:
    """Give a plot the page's plain look."""
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=10, labelcolor=INK)
    axes.tick_params(axis="x", labelcolor=MUTED)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(GRID)


def _cycle(values: Sequence[str]) -> list[str]:
    return list(values) * 8


def _words(name: str) -> str:
    return name.replace("_at_", "@").replace("_", " ")
