"""The page's tables and tiles, as plain rows for a template to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from models.evaluation.evaluate import POPULATION
from models.evaluation.metrics import METRICS
from models.evaluation.slices import ALL
from models.reports.report import EvaluationReport
from models.reports.wording import FINAL_MODEL, ORACLE, in_words, metric_title

ABSENT = "–"


class Cell(NamedTuple):
    """A number, its interval in small print, and whether it is the best of its column or row."""

    text: str
    interval: str = ""
    best: bool = False


class Row(NamedTuple):
    """A table's row: its head, a note under it, its cells, and whether it stands out."""

    head: str
    note: str
    cells: list[Cell]
    highlighted: bool = False


class Table(NamedTuple):
    """Column heads and rows."""

    heads: list[str]
    rows: list[Row]


class BarRow(NamedTuple):
    """A name, its number, the width of its bar in percent of the widest, and a note."""

    name: str
    text: str
    width: float
    note: str = ""


class Tile(NamedTuple):
    """A number worth large type, what it is, and a note."""

    label: str
    value: str
    note: str


def metric_table(metrics: pl.DataFrame, k: int) -> Table:
    """Models by the metrics at k that are means over users, best NDCG first; the best real model of each stands out."""
    rows = metrics.filter((pl.col("k") == k) & (pl.col("slice") == ALL) & pl.col("value").is_not_null())
    found = {(row["model"], row["metric"]): row for row in rows.iter_rows(named=True)}
    names = [name for name in METRICS if any(metric == name for _, metric in found)]
    models = sorted({model for model, _ in found}, key=lambda model: (-_value(found.get((model, "ndcg"))), model))
    columns = [_best_real(models, [found.get((model, name)) for model in models]) for name in names]
    rows_of_cells = zip(*columns, strict=True) if columns else [()] * len(models)
    return Table(
        [metric_title(name, k) for name in names],
        [Row(model, "", list(cells), model == FINAL_MODEL) for model, cells in zip(models, rows_of_cells, strict=True)],
    )


def slice_table(metrics: pl.DataFrame, k: int) -> Table:
    """Slices of users by models: NDCG at k with intervals; the best real model of each slice stands out."""
    rows = metrics.filter((pl.col("k") == k) & (pl.col("metric") == "ndcg") & pl.col("value").is_not_null())
    found = {(row["slice"], row["model"]): row for row in rows.iter_rows(named=True)}
    overall = {model: row["value"] for (name, model), row in found.items() if name == ALL}
    models = sorted(overall, key=lambda model: (-overall[model], model))
    table = []
    for name in sorted({name for name, _ in found}, key=_slice_order):
        row = [found.get((name, model)) for model in models]
        n_users = max(cell["n_users"] for cell in row if cell)
        head = "all users" if name == ALL else in_words(name)
        table.append(Row(head, f"{n_users:,} users", _best_real(models, row)))
    return Table(models, table)


def importance_rows(importance: pl.DataFrame, n: int = 16) -> list[BarRow]:
    """The n most important features, their share of the gain, and what they say where that is known."""
    top = importance.head(n)
    notes = top["description"].to_list() if "description" in top.columns else [""] * len(top)
    shares = top["gain_share"].to_list()
    return [
        BarRow(name, percent(share), width(share, shares), note or "")
        for name, share, note in zip(top["feature"], shares, notes, strict=True)
    ]


def funnel_rows(funnel: Sequence[tuple[str, int]]) -> list[BarRow]:
    """Stages and their counts. They count different things, so there is no share from one to the next."""
    counts = [count for _, count in funnel]
    return [BarRow(name, f"{count:,}", width(count, counts)) for name, count in funnel]


def tiles(report: EvaluationReport) -> list[Tile]:
    """The numbers at the top of the page; those that are not there are left out."""
    found = {
        (row["model"], row["metric"]): row
        for row in report.metrics.filter(pl.col("k").is_in([0, report.k]) & (pl.col("slice") == ALL)).iter_rows(
            named=True
        )
        if row["value"] is not None
    }
    shown = []
    for metric in ("ndcg", "hit_rate", "coverage"):
        if row := found.get((FINAL_MODEL, metric)):
            shown.append(Tile(metric_title(metric, report.k), _number(row), _interval(row) or "of the final list"))
    if report.oracle_share is not None:
        shown.append(Tile("Share of the oracle", percent(report.oracle_share), "of the best NDCG in reach"))
    scored = found.get((FINAL_MODEL, "ndcg"))
    cold = found.get((POPULATION, "cold_user_share"))
    if scored:
        note = f"{percent(cold['value'])} of all had no past" if cold else "with a past"
        shown.append(Tile("Users scored", f"{scored['n_users']:,}", note))
    return shown


def _best_real(models: list[str], rows: Sequence[dict | None]) -> list[Cell]:
    """A cell for each model's row; the best stands out, but never the oracle, which is no model."""
    best = max((row["value"] for model, row in zip(models, rows, strict=True) if row and model != ORACLE), default=None)
    return [
        Cell(_number(row), _interval(row), model != ORACLE and row["value"] == best) if row else Cell(ABSENT)
        for model, row in zip(models, rows, strict=True)
    ]


def _number(row: dict) -> str:
    return f"{row['value']:.2f}" if row["metric"] == "novelty" else f"{row['value']:.4f}"


def number_and_interval(row: dict) -> tuple[str, str]:
    """A metric row's value, and its interval where it has one."""
    return _number(row), _interval(row)


def _interval(row: dict) -> str:
    if row["ci_low"] is None or row["ci_high"] is None:
        return ""
    return f"{row['ci_low']:.4f} – {row['ci_high']:.4f}"


def percent(share: float) -> str:
    """`12.3 %` for 0.123."""
    return f"{share:.1%}".replace("%", "\u202f%")


def width(value: float, values: Sequence[float]) -> float:
    """Length of a bar, in percent of the longest."""
    return round(100 * value / (max(values) or 1), 1)


def _value(row: dict | None) -> float:
    return row["value"] if row else float("-inf")


def _slice_order(name: str) -> tuple[int, str, int]:
    order = ["low", "medium", "high", "under_7_days", "7_to_27_days", "28_days_or_more"]
    kind, _, value = name.partition("=")
    return (0 if name == ALL else 1, kind, order.index(value) if value in order else len(order))
