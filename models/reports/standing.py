"""Where the final lists stand: beside the baseline on the same users, and beside the last release."""

from __future__ import annotations

import polars as pl

from models.evaluation.metrics import METRICS
from models.evaluation.slices import ALL
from models.reports.comparison_tables import SURE, difference_interval, signed
from models.reports.report import EvaluationReport
from models.reports.section import Captioned, Section
from models.reports.tables import ABSENT, Cell, Row, Table, number_and_interval
from models.reports.wording import FINAL_MODEL, metric_title


def standing_section(report: EvaluationReport) -> Section | None:
    """The final lists' metrics beside the baseline's and the last release's; `None` without any."""
    table = standing_table(report)
    if not table.rows:
        return None
    shown = "Small print is the 95\u202f% interval; a difference in bold is beyond chance"
    return Section("Where it stands", standing_words(report), tables=[Captioned(table, shown, "Final lists")])


def standing_words(report: EvaluationReport) -> list[str]:
    """What the numbers of the last release rest on; nothing where there is none to show."""
    rows = _own(report.last_release, report.k)
    if not rows:
        return ["There is no earlier release to stand beside."]
    row = next(iter(rows.values()))
    return [
        f"The last release's lists are those as of {row['as_of_day']}, scored through {row['scored_through']}: other "
        "users and days may stand behind its numbers, so they are beside the others and not taken from them."
    ]


def standing_table(report: EvaluationReport) -> Table:
    """A row for every metric of the final lists at k that is a mean over users, and columns for what they stand beside.

    Without a last release its column is left out; a difference that was not computed is a dash.
    """
    ours, theirs = _own(report.metrics, report.k), _own(report.metrics, report.k, report.baseline)
    then = _own(report.last_release, report.k)
    differences = _differences(report)
    heads = ["now", report.baseline.replace("_", " "), "difference"] + (["last release"] if then else [])
    rows = []
    for metric in METRICS:
        if metric in ours:
            cells = [_cell(ours[metric]), _cell(theirs.get(metric)), _difference(differences.get(metric))]
            rows.append(Row(metric_title(metric, report.k), "", cells + ([_cell(then.get(metric))] if then else [])))
    return Table(heads, rows)


def _own(metrics: pl.DataFrame | None, k: int, model: str = FINAL_MODEL) -> dict[str, dict]:
    """Metric -> row of a model over all users; those without a value are left out."""
    if metrics is None or metrics.is_empty():
        return {}
    chosen = (pl.col("model") == model) & (pl.col("k") == k) & (pl.col("slice") == ALL) & pl.col("value").is_not_null()
    return {row["metric"]: row for row in metrics.filter(chosen).to_dicts()}


def _differences(report: EvaluationReport) -> dict[str, dict]:
    """Metric -> row of the comparison with the baseline."""
    if report.comparisons is None:
        return {}
    pair = (pl.col("model") == FINAL_MODEL) & (pl.col("against") == report.baseline) & (pl.col("k") == report.k)
    return {row["metric"]: row for row in report.comparisons.filter(pair).to_dicts()}


def _cell(row: dict | None) -> Cell:
    return Cell(*number_and_interval(row)) if row else Cell(ABSENT)


def _difference(row: dict | None) -> Cell:
    if row is None:
        return Cell(ABSENT)
    return Cell(signed(row["difference"]), difference_interval(row), row["p_adjusted"] < SURE)
