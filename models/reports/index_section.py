"""The page's section on ANN indexes: what each way of searching found, and how long it took."""

from __future__ import annotations

import polars as pl

from models.ann.wording import KINDS
from models.reports.charts import to_svg
from models.reports.point_charts import Trade, trade_figure
from models.reports.rendering import Picture
from models.reports.section import Captioned, Section
from models.reports.tables import ABSENT, Cell, Row, Table
from models.reports.wording import in_bytes

WORDS = (
    "Each index is searched harder until it finds what exact search finds often enough; highlighted is how it is "
    "searched since. Times are of one query where many are searched at once, on the machine that first built the index."
)
CAPTION = "Recall against exact search with users' vectors, and time, of every way of searching that was tried"


def index_section(tried: pl.DataFrame | None) -> Section | None:
    """A table of all ways tried, and a plot of recall over time where an index had more than one.

    Args:
        tried: `EvaluationReport.indexes`.

    Returns:
        `None` without an index.
    """
    if tried is None or tried.is_empty():
        return None
    tables = [Captioned(_table(tried), CAPTION, "Index")]
    return Section("Indexes", [WORDS], tables=tables, pictures=_pictures(tried), kind="measured")


def _table(tried: pl.DataFrame) -> Table:
    rows = []
    for row in tried.to_dicts():
        note = f"{row['settings']}; {row['n_items']:,} vectors, {in_bytes(row['n_bytes'])}" if row["is_used"] else ""
        cells = [
            Cell(ABSENT if row["effort"] is None else f"{row['effort']:,}"),
            Cell(f"{row['recall']:.4f}", f"at {row['k']}"),
            Cell(f"{row['microseconds']:,.3g}"),
        ]
        rows.append(Row(f"{row['retriever']}, {KINDS[row['kind']]}", note, cells, row["is_used"]))
    return Table(["effort", "recall", "µs a query"], rows)


def _pictures(tried: pl.DataFrame) -> list[Picture]:
    lines = {
        str(name): [
            Trade(
                row["microseconds"],
                row["recall"],
                f"{KINDS[row['kind']]} {row['effort'] or ''}".strip(),
                row["is_used"],
            )
            for row in part.sort("microseconds").to_dicts()
        ]
        for (name,), part in tried.group_by("retriever", maintain_order=True)
        if part.height > 1
    }
    if not lines:
        return []
    title = "Recall against exact search, over time"
    return [Picture(to_svg(trade_figure(lines, title, "µs a query"), "indexes"), f"{title}: {', '.join(lines)}")]


def _name(row: dict) -> tuple[str, str]:
    return KINDS[row["kind"]], str(row["effort"] or "")
