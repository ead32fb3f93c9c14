"""Checks of the cleaned tables that are not SQL tests of dbt."""

from typing import Any

import dagster as dg
import polars as pl

from assets.graph import Graph, checked_days, preview
from resources.warehouse import Warehouse

SQL = "SELECT * FROM event_funnel WHERE source_day BETWEEN ? AND ? ORDER BY source_day"


def build(graph: Graph) -> list[dg.AssetChecksDefinition]:
    """Every check of the group `tables`."""
    return [_funnel_adds_up(graph)]


def _funnel_adds_up(graph: Graph) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="event_funnel",
        name="funnel_adds_up_to_the_line",
        blocking=True,
        description="Lines + further entries = rejected + accepted, and accepted = filtered + kept, for every "
        "source day.",
    )
    def funnel_adds_up_to_the_line(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        rows = warehouse.read(SQL, list(graph.with_neighbours(*checked_days(context, graph))))
        lines = pl.col("n_rejected") + pl.col("n_accepted") != pl.col("n_lines") + pl.col("n_further").fill_null(0)
        events = pl.col("n_filtered") + pl.col("n_kept") != pl.col("n_accepted")
        wrong = rows.filter(lines | events)
        totals = {name: int(rows[name].sum()) for name in rows.columns if name.startswith("n_")}
        remedy = "Materialise raw_events and the dbt models of these days together."
        metadata: dict[str, Any] = {
            **totals,
            "days_that_differ": dg.MetadataValue.md(preview(wrong, 10)),
            "remedy": remedy,
        }
        return dg.AssetCheckResult(passed=wrong.is_empty(), metadata=metadata)

    return funnel_adds_up_to_the_line
