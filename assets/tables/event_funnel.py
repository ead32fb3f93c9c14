"""`event_funnel`: what became of every line of a day, and the fingerprint of what the day was made from.

Grain: one source day. Stale when anything before it is. Read by people, by `sluice build` (is this day up to date?)
and by every learned asset's fingerprint.
"""

import datetime as dt

import dagster as dg
import polars as pl

from assets.fingerprints import day_fingerprints
from assets.graph import EVENT_DAYS, OWNERS, WAREHOUSE_POOL, Columns, Graph, event_range, preview, table_metadata
from assets.partition_metadata import add_partition_metadata
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "source_day": ("DATE", "The day of the source files: the partition"),
    "n_lines": ("BIGINT", "Lines read"),
    "n_further": ("BIGINT", "Records beyond the first of a line, with `events.expand`"),
    "n_rejected": ("BIGINT", "Records that could not become an event (rejected_events)"),
    "n_accepted": ("BIGINT", "Records in raw_events"),
    "n_filtered": ("BIGINT", "Events set aside by cleaning (filtered_events)"),
    "n_kept": ("BIGINT", "Events in core_events"),
    "n_interactions": ("BIGINT", "Of those, events whose type has a weight above 0"),
    "fingerprint": ("VARCHAR", "Digest of the files, settings and code that made the day; empty: it does not add up"),
}

SQL = """
WITH files AS (
    SELECT source_day, sum(n_lines)::BIGINT AS n_lines, coalesce(sum(n_further), 0)::BIGINT AS n_further,
        sum(n_rejected)::BIGINT AS n_rejected
    FROM source_files WHERE source_day BETWEEN $first AND $last GROUP BY source_day
),
staged AS (
    SELECT source_day, count(*) AS n_accepted, count(filter_reason) AS n_filtered
    FROM stg_events WHERE source_day BETWEEN $first AND $last GROUP BY source_day
),
core AS (
    SELECT source_day, count(*) AS n_kept, count(*) FILTER (event_type IN $weighted) AS n_interactions
    FROM core_events WHERE source_day BETWEEN $first AND $last GROUP BY source_day
)
SELECT f.source_day, f.n_lines, f.n_further, f.n_rejected,
    coalesce(s.n_accepted, 0) AS n_accepted, coalesce(s.n_filtered, 0) AS n_filtered,
    coalesce(c.n_kept, 0) AS n_kept, coalesce(c.n_interactions, 0) AS n_interactions
FROM files AS f LEFT JOIN staged AS s USING (source_day) LEFT JOIN core AS c USING (source_day)
ORDER BY f.source_day
"""

REASONS_SQL = """
SELECT filter_reason AS reason, coalesce(CASE filter_reason WHEN 'bot' THEN filter_detail END, '') AS rule,
    count(*) AS n_events
FROM filtered_events WHERE source_day BETWEEN ? AND ? GROUP BY ALL ORDER BY n_events DESC, reason, rule
"""

RETURNS_SQL = """
SELECT CASE WHEN matched = 0 THEN 'none of it' WHEN unmatched = 0 THEN 'all of it' ELSE 'some of it' END
    AS bought_here, count(*) AS n_returns, sum(matched) AS pieces_matched, sum(unmatched) AS pieces_unmatched
FROM (
    SELECT sum(quantity_matched) AS matched, sum(quantity_unmatched) AS unmatched
    FROM core_returns WHERE event_day BETWEEN ? AND ? GROUP BY event_day, event_id
)
GROUP BY ALL ORDER BY bought_here
"""

NEIGHBOURS_SQL = """SELECT source_day, fingerprint FROM event_funnel
    WHERE source_day BETWEEN ? AND ? AND source_day NOT BETWEEN ? AND ?"""


def build(graph: Graph) -> dg.AssetsDefinition:
    """The funnel asset."""

    counted = ["raw_events", "rejected_events", "source_files", "core_events", "filtered_events", "core_returns"]

    @dg.asset(
        description="What became of every line of a source day, from file to interaction",
        group_name="tables",
        owners=OWNERS,
        kinds={"duckdb"},
        deps=[*counted, "raw_items"],
        partitions_def=graph.days,
        backfill_policy=EVENT_DAYS,
        pool=WAREHOUSE_POOL,
    )
    def event_funnel(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        first, last = event_range(context)
        warehouse.ensure_table("event_funnel", COLUMNS, "What became of every line of one source day")
        frame = funnel(warehouse, graph, first, last)
        snapshot = warehouse.replace_days("event_funnel", "source_day", *graph.with_neighbours(first, last), frame)
        frame = frame.filter(pl.col("source_day").is_between(first, last))
        add_partition_metadata(context, graph, "event_funnel", frame, totals)
        metadata = table_metadata("event_funnel", COLUMNS, frame, snapshot)
        reasons = warehouse.read(REASONS_SQL, [first, last])
        returns = warehouse.read(RETURNS_SQL, [first, last])
        shown = {
            "set_aside": dg.MetadataValue.md(preview(reasons, reasons.height)),
            "returns": dg.MetadataValue.md(preview(returns)),
        }
        return dg.MaterializeResult(metadata={**metadata, **shown})

    return event_funnel


def totals(frame: pl.DataFrame) -> dict[str, int]:
    """The counts of some days together."""
    return {name: int(frame[name].sum()) for name in frame.columns if name.startswith("n_")}


def funnel(warehouse: Warehouse, graph: Graph, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Counts by source day; days without a file are rows of zeros, so that they count as built.

    Neighbouring days that have a row are counted again, since a line of theirs may be a duplicate no more. A day that
    does not add up gets no fingerprint: it is not up to date, so nothing is learned from it.
    """
    weighted = [name for name, kind in graph.settings.event_types.items() if kind.weight > 0]
    begin, end = graph.with_neighbours(first, last)
    with warehouse.connect(read_only=True) as connection:
        counts = connection.execute(SQL, {"first": begin, "last": end, "weighted": weighted}).pl()
    made = day_fingerprints(warehouse, graph.project, first, last)
    neighbours = warehouse.read(NEIGHBOURS_SQL, [begin, end, first, last])
    frame = pl.concat([made, neighbours]).join(counts, on="source_day", how="left")
    frame = frame.with_columns(pl.col("^n_.*$").fill_null(0)).sort("source_day")
    lines = pl.col("n_rejected") + pl.col("n_accepted") == pl.col("n_lines") + pl.col("n_further")
    events = pl.col("n_filtered") + pl.col("n_kept") == pl.col("n_accepted")
    return frame.with_columns(pl.when(lines & events).then("fingerprint").alias("fingerprint")).select(list(COLUMNS))
