"""Two releases on one page: which is better, by how much, for whom, and what some users would have seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from models.evaluation.metrics import METRICS
from models.evaluation.slices import ALL
from models.reports.charts import Bar, bar_figure, to_svg
from models.reports.comparison_tables import SURE, difference_interval, signed
from models.reports.rendering import Picture, render
from models.reports.report import ExampleUser
from models.reports.section import Captioned, Section
from models.reports.tables import ABSENT, Cell, Row, Table, number_and_interval
from models.reports.verdict import release_verdict
from models.reports.wording import METRIC_MEANINGS, METRIC_NAMES, in_p, in_words, metric_title

BAR_METRICS = ["ndcg", "recall", "mrr", "hit_rate"]


@dataclass(frozen=True)
class Side:
    """One of the two releases.

    Attributes:
        letter: `A` or `B`.
        name: Its id.
        as_of_day: What it was learned until.
        made_at: When, UTC, as text.
        recorded: Rows of `metrics` of its final lists that it was made with: of days of its own.
    """

    letter: str
    name: str
    as_of_day: dt.date
    made_at: str
    recorded: pl.DataFrame


@dataclass(frozen=True)
class ReleaseComparison:
    """Everything the page shows; without `rows` the two could not be judged on the same days.

    Attributes:
        project: Named in the title.
        a: The first release.
        b: The second.
        k: The list length that counts.
        rows: What `compare_models` returned for B against A.
        means: What `mean_intervals` returned for both.
        slices: Rows of `judge_slices` for B against A.
        first_day: The first day judged.
        last_day: The last.
        examples: Users with lists of both.
    """

    project: str
    a: Side
    b: Side
    k: int
    rows: pl.DataFrame | None = None
    means: pl.DataFrame = field(default_factory=pl.DataFrame)
    slices: pl.DataFrame = field(default_factory=pl.DataFrame)
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    examples: Sequence[ExampleUser] = ()


def comparison_page(comparison: ReleaseComparison) -> str:
    """Render the comparison as `evaluation_page` does: one document, nothing loaded, all text escaped.

    Args:
        comparison: What to show.

    Returns:
        A whole HTML document; the same input gives the same bytes.
    """
    if comparison.rows is None:
        sections: list[Section | None] = [_recorded(comparison)]
    else:
        sections = [_metrics(comparison, comparison.rows), _slices(comparison)]
    return render(
        "comparison.html.jinja",
        comparison=comparison,
        verdict=release_verdict(comparison.rows, comparison.k, _n_days(comparison)),
        sections=sections,
        meanings=[(METRIC_NAMES[name], METRIC_MEANINGS[name]) for name in METRICS],
    )


def _n_days(comparison: ReleaseComparison) -> int:
    if comparison.first_day is None or comparison.last_day is None:
        return 0
    return (comparison.last_day - comparison.first_day).days + 1


def _metrics(comparison: ReleaseComparison, rows: pl.DataFrame) -> Section:
    """Every metric at every k of both, and their difference on the same users."""
    means = {(row["model"], row["metric"], row["k"]): row for row in comparison.means.to_dicts()}
    table = []
    for row in sorted(
        rows.to_dicts(), key=lambda row: (row["k"] != comparison.k, row["k"], METRICS.index(row["metric"]))
    ):
        a, b = (number_and_interval(means[side, row["metric"], row["k"]]) for side in ("A", "B"))
        detectable = row["smallest_detectable"]
        cells = [
            *(Cell(*a), Cell(*b)),
            Cell(signed(row["difference"]), difference_interval(row), row["p_value"] < SURE),
            Cell(in_p(row["p_value"])),
            Cell(ABSENT if detectable is None else f"{detectable:.4f}"),
        ]
        own = row["metric"] == "ndcg" and row["k"] == comparison.k
        table.append(Row(metric_title(row["metric"], row["k"]), "", cells, own))
    words = f"Judged on {comparison.first_day} to {comparison.last_day} by {rows['n_users'][0]:,} users."
    caption = (
        "The same users, paired; small print is the 95\u202f% interval, bold differences are beyond chance; the last "
        "column is the least difference these users would have shown four times in five"
    )
    shown = Captioned(Table(["A", "B", "B − A", "p", "could have shown"], table), caption, "Metric")
    return Section("Metrics", [words], tables=[shown], pictures=_bars(comparison))


def _bars(comparison: ReleaseComparison) -> list[Picture]:
    pictures = []
    for metric in BAR_METRICS:
        rows = comparison.means.filter((pl.col("metric") == metric) & (pl.col("k") == comparison.k)).sort("model")
        bars = [
            Bar(row["model"], row["value"], row["ci_low"], row["ci_high"], row["model"] == "B")
            for row in rows.to_dicts()
        ]
        if bars:
            title = metric_title(metric, comparison.k)
            pictures.append(Picture(to_svg(bar_figure(bars, title), f"bars-{metric}"), f"{title} of A and B"))
    return pictures


def _slices(comparison: ReleaseComparison) -> Section | None:
    """Slices of users and items by their difference, the worst for B first."""
    if comparison.slices.is_empty():
        return None
    table = [
        Row(
            in_words(row["slice"]),
            f"{row['n_users']:,} users",
            [
                Cell(metric_title(row["metric"], row["k"])),
                *(Cell(f"{row[name]:.4f}") for name in ("value_against", "value")),
                Cell(signed(row["difference"]), difference_interval(row), row["p_adjusted"] < SURE),
                Cell(in_p(row["p_adjusted"])),
            ],
        )
        for row in comparison.slices.sort("difference", "slice").to_dicts()
    ]
    caption = "The worst for B first; bold differences are beyond chance after a correction for the number of slices"
    shown = Captioned(Table(["metric", "A", "B", "B − A", "adjusted p"], table), caption, "Slice")
    return Section("Slices", tables=[shown])


def _recorded(comparison: ReleaseComparison) -> Section:
    """What each release was made with: other users and days, so nothing is subtracted."""
    sides = [
        {
            row["metric"]: row
            for row in side.recorded.to_dicts()
            if (row["k"], row["slice"]) == (comparison.k, ALL) and row["value"] is not None
        }
        for side in (comparison.a, comparison.b)
    ]
    table = [
        Row(
            metric_title(metric, comparison.k),
            "",
            [Cell(*number_and_interval(side[metric])) if metric in side else Cell(ABSENT) for side in sides],
        )
        for metric in METRICS
        if any(metric in side for side in sides)
    ]
    words = "Other users and days stand behind the two columns: they cannot be taken from each other."
    shown = [Captioned(Table(["A", "B"], table), "Small print is the 95\u202f% interval", "Metric")] if table else []
    return Section("What each recorded", [words], tables=shown)
