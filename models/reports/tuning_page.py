"""What the tuner of an index tried, on one page: the curve, the choice, every point."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from models.ann.config import AnnIndexConfig
from models.ann.tuning_points import Budget, Skipped
from models.ann.wording import KINDS, built_with
from models.reports.charts import to_svg
from models.reports.front_figure import Try, front_figure
from models.reports.rendering import Picture, render
from models.reports.section import Captioned, Section
from models.reports.tables import ABSENT, Cell, Row, Table
from models.reports.verdict import Verdict
from models.reports.wording import in_bytes


@dataclass(frozen=True)
class TuningReport:
    """Everything the page shows.

    Attributes:
        project: Named in the title.
        rows: Rows of `index_tuning` of one retriever and day, at least one.
        budget: The limits.
        skipped: What was not built.
        words: Settings for sluice.yaml of the chosen point, a line each; empty without one.
        why_none: Why nothing was chosen; empty where something was.
    """

    project: str
    rows: pl.DataFrame
    budget: Budget
    skipped: Sequence[Skipped]
    words: Sequence[str]
    why_none: str = ""


def tuning_page(report: TuningReport) -> str:
    """Render the report as `evaluation_page` does: one document, nothing loaded, all text escaped.

    Args:
        report: What to show.

    Returns:
        A whole HTML document; the same input gives the same bytes.
    """
    first = report.rows.row(0, named=True)
    return render(
        "tuning.html.jinja",
        report=report,
        first=first,
        verdict=_verdict(report),
        sections=[_curve(report, first), _points(report.rows), _skipped(report.skipped)],
    )


def _verdict(report: TuningReport) -> Verdict:
    chosen = report.rows.filter("is_chosen")
    if chosen.is_empty():
        return Verdict("bad", "No index keeps every limit.", [report.why_none])
    row = chosen.row(0, named=True)
    found = f"It finds {row['held_out_recall']:.4f} of the exact {row['k']} best items of users it was not chosen by"
    cost = f"in {row['microseconds']:,.3g} µs a query, after {row['build_seconds']:,.3g} s of building"
    name = KINDS[row["kind"]]
    return Verdict("good", f"Fastest within the limits: {name}.", [f"{found}, {cost}; {in_bytes(row['n_bytes'])}."])


def _curve(report: TuningReport, first: dict) -> Section:
    tries = [
        Try(row["microseconds"], row["recall"], KINDS[row["kind"]], row["is_on_front"], row["is_chosen"])
        for row in report.rows.to_dicts()
    ]
    title = f"Recall@{first['k']} against exact search, over time"
    figure = front_figure(tries, title, "µs a query", first["min_recall"], report.budget.microseconds)
    words = (
        "Joined is the front: nothing whose build and size are within the limits finds as much in less time. The "
        "filled mark is the choice, the dashed lines are what was asked for."
    )
    return Section("The curve", [words], pictures=[Picture(to_svg(figure, "front"), title)], kind="measured")


def _points(rows: pl.DataFrame) -> Section:
    table = []
    for row in rows.sort("microseconds").to_dicts():
        settings = json.loads(row["settings"])
        cells = [
            Cell(ABSENT if row["effort"] is None else f"{row['effort']:,}"),
            Cell(f"{settings['refine_factor']}" if "refine_factor" in settings else ABSENT),
            Cell(f"{row['recall']:.4f}", f"held out {row['held_out_recall']:.4f}", row["is_on_front"]),
            Cell(f"{row['microseconds']:,.3g}", best=row["is_on_front"]),
            Cell(f"{row['build_seconds']:,.3g}"),
            Cell(in_bytes(row["n_bytes"])),
        ]
        built = built_with(AnnIndexConfig.model_validate(settings))
        table.append(Row(KINDS[row["kind"]], built, cells, row["is_chosen"]))
    heads = ["effort", "ranked again", "recall", "µs a query", "s to build", "size"]
    caption = "Fastest first; bold is the front, highlighted the choice. Times are of a processor, with one thread"
    return Section("Every way that was tried", tables=[Captioned(Table(heads, table), caption, "Index")])


def _skipped(skipped: Sequence[Skipped]) -> Section | None:
    if not skipped:
        return None
    rows = [
        Row(
            KINDS[one.config.kind],
            built_with(one.config),
            [Cell(f"{one.cost.seconds:,.3g}"), Cell(in_bytes(one.cost.n_bytes))],
        )
        for one in skipped
    ]
    caption = "Estimated from an index over 20,000 of the vectors"
    return Section("Not built, as too dear", tables=[Captioned(Table(["s to build", "size"], rows), caption, "Index")])


def limits_in_words(min_recall: float, k: int, budget: Budget) -> str:
    """What was asked for, in words."""
    words = [f"recall@{k} of {min_recall:g}"]
    for limit, unit in ((budget.microseconds, "µs a query"), (budget.build_seconds, "s to build")):
        if math.isfinite(limit):
            words.append(f"{limit:g} {unit}")
    if math.isfinite(budget.n_bytes):
        words.append(in_bytes(int(budget.n_bytes)))
    return ", ".join(words)
