"""The report in a few lines of Markdown, for the asset's page in the Dagster UI."""

from __future__ import annotations

import re

from models.reports.comparison_tables import findings_table
from models.reports.report import EvaluationReport
from models.reports.standing import standing_table, standing_words
from models.reports.tables import Table
from models.reports.verdict import verdict

SLICES_SHOWN = 5
_MARKUP = re.compile(r"([\\`*\[\]<>|&#~])")


def markdown_summary(report: EvaluationReport) -> str:
    """Verdict, the final lists beside the baseline and the last release, and the worst slices.

    Args:
        report: Of a day with metrics.
    """
    found = verdict(report.metrics, report.baseline, report.k, report.failures, report.n_resamples)
    window = report.metrics.row(0, named=True)
    parts = [
        f"**{escaped(found.headline)}**",
        *(escaped(line) for line in found.details),
        f"Lists as of {window['as_of_day']}, scored through {window['scored_through']}.",
    ]
    table = standing_table(report)
    if table.rows:
        parts += [markdown_table(table, "final lists"), *(escaped(line) for line in standing_words(report))]
    if report.findings is not None:
        parts.append(_slices(report))
    return "\n\n".join(parts)


def markdown_table(table: Table, corner: str) -> str:
    """A table as Markdown: intervals in brackets behind the numbers, the best in bold, all text escaped.

    Args:
        table: What to show.
        corner: Head of the first column.
    """
    lines = ["| " + " | ".join(escaped(head) for head in (corner, *table.heads)) + " |"]
    lines.append("|---|" + "---:|" * len(table.heads))
    for row in table.rows:
        cells = [escaped(f"{row.head} ({row.note})" if row.note else row.head)]
        for cell in row.cells:
            text = f"**{escaped(cell.text)}**" if cell.best else escaped(cell.text)
            cells.append(f"{text} ({escaped(cell.interval)})" if cell.interval else text)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _slices(report: EvaluationReport) -> str:
    if report.findings is None or report.findings.is_empty():
        return "No slice has users enough to judge by."
    worse, n_slices = findings_table(report.findings), report.findings["slice"].n_unique()
    if not worse.rows:
        return f"In none of {n_slices} slices of users and items worse by more than chance allows."
    shown = Table(worse.heads, worse.rows[:SLICES_SHOWN])
    return f"The worst of {n_slices} slices of users and items:\n\n" + markdown_table(shown, "slice")
