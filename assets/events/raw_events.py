"""`raw_events`, `rejected_events`, `source_files`: every line of the day's files, accepted or rejected.

Grain: one event, one rejected line, one file and day. Stale when a file of the day changes. Read by dbt. What a changed
file says differently goes to `event_corrections`.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.events import corrections, source_schemas
from assets.events.columns import RAW_EVENTS, REJECTED_EVENTS, SOURCE_FILES
from assets.graph import EVENT_DAYS, OWNERS, WAREHOUSE_POOL, Columns, Graph, event_range, polars_schema, table_metadata
from assets.partition_metadata import add_partition_metadata
from models.events.files import SourceFile, file_digest, list_source_files
from models.events.read import DayRange, EventBatch, read_event_file
from resources.settings import Project
from resources.table_columns import has_table
from resources.warehouse import Warehouse, insert, quoted

TABLES: dict[str, tuple[Columns, str]] = {
    "raw_events": (RAW_EVENTS, "One accepted event of the source, as it was sent; nothing cleaned yet"),
    "rejected_events": (REJECTED_EVENTS, "One line that could not become an event, with the reason"),
    "source_files": (SOURCE_FILES, "One source file and day: what was read, accepted, rejected"),
}
CORRECTIONS = (
    corrections.COLUMNS,
    "One change in a file that was delivered again: a column, an event, a number of them",
)


def reasons(rejected: pl.DataFrame) -> dict[str, Any]:
    """How many lines were rejected for each reason, the most frequent first."""
    counts = rejected["reason"].value_counts().sort("count", "reason", descending=[True, False])
    return {"reasons": dg.MetadataValue.json(dict(counts.iter_rows()))}


def line_counts(files: pl.DataFrame) -> dict[str, Any]:
    """Lines of some files, the further entries in them, and how many of both were accepted and rejected."""
    return {name: int(files[name].sum()) for name in ("n_lines", "n_further", "n_accepted", "n_rejected")}


def repaired(events: pl.DataFrame) -> dict[str, Any]:
    """How many events had their time read anew."""
    return {"n_times_repaired": int(events["written_at"].count())}


DESCRIBE = {"raw_events": repaired, "rejected_events": reasons, "source_files": line_counts}
"""What else the UI shows of a partition's rows."""


def build(graph: Graph) -> dg.AssetsDefinition:
    """The raw tables as one op, so that a file is read once and they always agree."""
    specs = [
        dg.AssetSpec(name, description=text, group_name="events", owners=OWNERS, kinds={"polars", "duckdb"})
        for name, (_, text) in [*TABLES.items(), ("event_corrections", CORRECTIONS)]
    ]

    @dg.multi_asset(
        name="raw_events",
        specs=specs,
        partitions_def=graph.days,
        backfill_policy=EVENT_DAYS,
        pool=WAREHOUSE_POOL,
        check_specs=[source_schemas.check_spec("raw_events")],
    )
    def raw_events(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        first, last = event_range(context)
        seen = source_schemas.look_at(files_of(graph.project, first, last), graph.settings.events)
        yield from source_schemas.compared(graph, warehouse, "events", seen)
        frames = read_days(graph.project, first, last)
        corrected = write_days(warehouse, frames, first, last)
        source_schemas.remember(warehouse, "events", seen, first, last)
        snapshot = warehouse.snapshot()
        for name, (columns, _) in TABLES.items():
            add_partition_metadata(context, graph, name, frames[name], DESCRIBE.get(name))
            yield dg.MaterializeResult(asset_key=name, metadata=table_metadata(name, columns, frames[name], snapshot))
        add_partition_metadata(context, graph, "event_corrections", corrected, corrections.totals)
        metadata = table_metadata("event_corrections", corrections.COLUMNS, corrected, snapshot)
        yield dg.MaterializeResult(asset_key="event_corrections", metadata=metadata | corrections.totals(corrected))

    return raw_events


def files_of(project: Project, first: dt.date, last: dt.date) -> list[SourceFile]:
    """The event files that belong to `first..last`; files without a day always do."""
    files = list_source_files(project.settings.events, project.base)
    return [file for file in files if file.day is None or first <= file.day <= last]


def read_days(project: Project, first: dt.date, last: dt.date) -> dict[str, pl.DataFrame]:
    """Read the files that belong to `first..last` (files without a day always do) into the three frames."""
    source, partitions = project.settings.events, project.settings.partitions
    days = DayRange(start=partitions.start, end=partitions.end)
    batches = [(file, read_event_file(file, source, days)) for file in files_of(project, first, last)]
    wanted = pl.col("source_day").is_between(first, last)
    frames = {
        "raw_events": _stack([b.accepted for _, b in batches], RAW_EVENTS).filter(wanted),
        "rejected_events": _stack([b.rejected for _, b in batches], REJECTED_EVENTS).filter(wanted),
    }
    counted = [_file_rows(file, batch, first, last) for file, batch in batches]
    frames["source_files"] = _stack(counted, SOURCE_FILES).filter(wanted)
    return frames


def write_days(warehouse: Warehouse, frames: dict[str, pl.DataFrame], first: dt.date, last: dt.date) -> pl.DataFrame:
    """Replace `first..last` in all three tables in one transaction; returns the corrections noted in it.

    The days' rows of `event_funnel` go with them: until it is made again, nothing says that these days are up to date,
    even if the run stops at a check and the files become what they were before.
    """
    for name, (columns, text) in [*TABLES.items(), ("event_corrections", CORRECTIONS)]:
        warehouse.ensure_table(name, columns, text)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)

    def transaction(connection) -> pl.DataFrame:
        corrected = corrections.record_corrections(connection, frames, first, last, now)
        for name, frame in frames.items():
            connection.execute(f"DELETE FROM {quoted(name)} WHERE source_day BETWEEN ? AND ?", [first, last])
            insert(connection, name, frame)
        if has_table(connection, "event_funnel"):
            connection.execute("DELETE FROM event_funnel WHERE source_day BETWEEN ? AND ?", [first, last])
        return corrected

    return warehouse.write(transaction)


def _stack(frames: list[pl.DataFrame], columns: Columns) -> pl.DataFrame:
    return pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema(columns))


def _file_rows(file: SourceFile, batch: EventBatch, first: dt.date, last: dt.date) -> pl.DataFrame:
    """One row for every day the file speaks of, days without a line included."""
    days = [file.day] if file.day else pl.date_range(first, last, eager=True).to_list()
    rows = pl.DataFrame({"source_day": days}, schema={"source_day": pl.Date})
    rows = rows.join(batch.by_day(), on="source_day", how="left")
    return rows.select(
        pl.lit(file.name).alias("source_file"),
        "source_day",
        pl.lit(file_digest(Path(file.path))).alias("sha256"),
        pl.lit(Path(file.path).stat().st_size, dtype=pl.Int64).alias("n_bytes"),
        *(pl.col(name).fill_null(0).cast(pl.Int64) for name in ("n_lines", "n_accepted", "n_rejected", "n_further")),
    )
