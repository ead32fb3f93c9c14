"""The page's section on cost: what each asset of the day took and wrote, and what the profiles' calls came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from models.reports.section import Captioned, Section
from models.reports.tables import ABSENT, Cell, Row, Table, percent
from models.reports.wording import in_bytes

CAPTION = "The newest run of each asset for this day, as far as it had ended when this page was made"
CALLS_CAPTION = "Profiles of this day by what made them; inputs are new or changed against the newest earlier as-of day"


def cost_section(costs: pl.DataFrame | None, calls: pl.DataFrame | None) -> Section | None:
    """Assets by the time they took, the longest first, and the ledger of profiles.

    Args:
        costs: Rows `asset, started_at, seconds, n_rows, n_bytes`; the last two null where they are not known.
        calls: Rows `kind, backend, n, n_made, tokens_in, tokens_out`.

    Returns:
        `None` where nothing is recorded.
    """
    tables, words = [], []
    if costs is not None and costs.height:
        total = float(costs["seconds"].sum())
        words.append(f"{costs.height} assets took {in_time(total)} in all, some of them side by side.")
        tables.append(Captioned(_assets(costs, total), CAPTION, "Asset"))
    if calls is not None and calls.height:
        tables.append(Captioned(_calls(calls), CALLS_CAPTION, "Profiles"))
    return Section("Cost", words, tables=tables, kind="measured") if tables else None


def in_time(seconds: float) -> str:
    """`3.4 s`, `75 s`, `12 min 5 s` or `3 h 20 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f}\u202fs"
    whole = round(seconds)
    if whole < 100:
        return f"{whole}\u202fs"
    if whole < 3600:
        return f"{whole // 60}\u202fmin {whole % 60}\u202fs"
    return f"{whole // 3600}\u202fh {whole % 3600 // 60}\u202fmin"


def _assets(costs: pl.DataFrame, total: float) -> Table:
    rows = [
        Row(
            row["asset"],
            "",
            [
                Cell(in_time(row["seconds"])),
                Cell(percent(row["seconds"] / total) if total else ABSENT),
                Cell(ABSENT if row["n_rows"] is None else f"{row['n_rows']:,}"),
                Cell(ABSENT if row["n_bytes"] is None else in_bytes(row["n_bytes"])),
            ],
        )
        for row in costs.sort("seconds", "asset", descending=[True, False]).to_dicts()
    ]
    return Table(["time", "share", "rows written", "artifact"], rows)


def _calls(calls: pl.DataFrame) -> Table:
    def cells(row: Mapping[str, Any]) -> list[Cell]:
        return [Cell(f"{row[name]:,}") for name in ("n", "n_made", "tokens_in", "tokens_out")]

    rows = [Row(f"{row['kind']}, {row['backend']}", "", cells(row)) for row in calls.to_dicts()]
    return Table(["profiles", "new or changed", "tokens read", "tokens written"], rows)
