"""`source_schemas`: the columns of every source file as they were seen when it was last read, and what has drifted.

Grain: one column of one file. Replaced with the days (or, of files without a day, the files) that are read. Read by the
next run, which holds new files against the newest earlier ones, and by people.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, preview
from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.files import SourceFile
from models.quality.schema_drift import Drift, schema_drift
from models.quality.source_schema import SeenColumn, source_schema
from resources.warehouse import Warehouse, insert

TABLE = "source_schemas"
COLUMNS: Columns = {
    "source": ("VARCHAR", "events or catalogue"),
    "source_file": ("VARCHAR", "The file"),
    "source_day": ("DATE", "Its day; empty for files that may hold any day"),
    "place": ("INTEGER", "The column's place in the file, from 1"),
    "column_name": ("VARCHAR", "The column; of JSON, a key of the top level"),
    "type": ("VARCHAR", "integer, number, text, boolean, time, list, object, mixed, or empty"),
    "n_records": ("BIGINT", "Records its type was told from: of text files, some of their first lines"),
    "n_values": ("BIGINT", "Of those, records with a value"),
}
DESCRIPTION = "One column of one source file, as it was seen when the file was last read"
SCHEMA = {
    **dict.fromkeys(("source", "source_file"), pl.Utf8),
    "source_day": pl.Date,
    "place": pl.Int32,
    "column_name": pl.Utf8,
    "type": pl.Utf8,
    **dict.fromkeys(("n_records", "n_values"), pl.Int64),
}
EARLIER_SQL = """
SELECT source_file, column_name, type, n_records, n_values FROM source_schemas
WHERE source = $source AND source_day = (
    SELECT max(source_day) FROM source_schemas WHERE source = $source AND source_day < $day)
ORDER BY source_file, place
"""
SAME_SQL = """
SELECT source_file, column_name, type, n_records, n_values FROM source_schemas
WHERE source = $source AND source_file = $file ORDER BY place
"""
CHECK = "source_columns_are_as_before"
REMEDY = (
    "Map the column's new name in sluice.yaml, or ask the source for the old columns; if the change is right, "
    "set checks.schema_drift to warn for one build."
)

Drifts = list[tuple[SourceFile, Drift]]
Seen = dict[SourceFile, list[SeenColumn]]


def check_spec(asset: str) -> dg.AssetCheckSpec:
    """The check that is part of the op of a raw table."""
    words = (
        "The files have the columns of the files before them. Columns that came, or that nothing maps, are a warning; "
        "a mapped column that was dropped, renamed or retyped stops the run before anything is written."
    )
    return dg.AssetCheckSpec(CHECK, asset=asset, blocking=True, description=words)


def look_at(files: Iterable[SourceFile], layout: FileFormat) -> Seen:
    """The columns of files."""
    return {file: source_schema(file.path, layout) for file in files}


def compared(graph: Graph, warehouse: Warehouse, source: str, seen: Seen) -> Iterator[dg.AssetCheckResult]:
    """The check's result; a column that must not be read stops the run right after it.

    Raises:
        UserError: A mapped column was dropped, renamed or retyped, and `checks.schema_drift` is `block`.
    """
    settings, asset = graph.settings, {"events": "raw_events", "catalogue": "raw_items"}[source]
    layout = settings.events if source == "events" else settings.catalogue
    drifts = drifts_of(warehouse, source, seen, layout) if layout else []
    blocks = settings.checks.schema_drift == "block"
    yield check_result(asset, drifts, len(seen), blocks)
    if blocks:
        refuse(drifts)


def drifts_of(warehouse: Warehouse, source: str, seen: Seen, layout: FileFormat) -> Drifts:
    """What differs from the newest earlier day with a record; without one, from the file as it was last read.

    Args:
        warehouse: The lake, which knows what earlier runs saw.
        source: `events` or `catalogue`.
        seen: The files of this run, by `look_at`; those of several days are held against each other in their order.
        layout: Their format and mapping.
    """
    days = sorted({file.day for file, columns in seen.items() if file.day and columns})
    before = _known(warehouse, EARLIER_SQL, {"source": source, "day": days[0]}) if days else []
    found: Drifts = []
    for day in [*days, None]:
        files = {file: columns for file, columns in seen.items() if file.day == day}
        for file, columns in files.items():
            same = {"source": source, "file": file.name}
            known = (before if day else []) or _known(warehouse, SAME_SQL, same)
            found += [(file, drift) for drift in schema_drift(known, columns, layout)]
        before = merged([columns for columns in files.values() if columns])
    return found


def refuse(drifts: Drifts) -> None:
    """Raise where a mapped column was dropped, renamed or retyped.

    Raises:
        UserError: It names file and column, and the likely new name of a renamed one.
    """
    failing = [(file, drift) for file, drift in drifts if drift.fails]
    if failing:
        file, drift = failing[0]
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        found = f"column {drift.column!r} was {drift.kind}: {drift.detail}{more}"
        raise UserError(found, str(file.path), REMEDY)


def check_result(asset: str, drifts: Drifts, n_files: int, blocks: bool) -> dg.AssetCheckResult:
    """What the check of a raw table found.

    Args:
        asset: The table.
        drifts: Every difference.
        n_files: Files that were looked at.
        blocks: Whether a mapped column that changed is an error; otherwise all of it is a warning.
    """
    rows = [(str(file.day or ""), file.name, *drift) for file, drift in drifts]
    frame = pl.DataFrame(rows, schema=["day", "file", "change", "column", "detail", "fails"], orient="row")
    fails = blocks and any(drift.fails for _, drift in drifts)
    metadata: dict[str, Any] = {"n_files": n_files, "n_changes": frame.height}
    for kind in ("added", "dropped", "renamed", "retyped"):
        names = sorted({f"{drift.column} ({drift.detail})" for _, drift in drifts if drift.kind == kind})
        metadata |= {kind: ", ".join(names)[:300]} if names else {}
    if frame.height:
        metadata |= {"changes": dg.MetadataValue.md(preview(frame, 30)), "remedy": REMEDY}
    severity = dg.AssetCheckSeverity.ERROR if fails else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        asset_key=asset, check_name=CHECK, passed=frame.is_empty(), severity=severity, metadata=metadata
    )


def remember(
    warehouse: Warehouse, source: str, seen: Seen, first: dt.date | None = None, last: dt.date | None = None
) -> None:
    """Replace what is known of the files in `seen` and of the days `first..last`; without days, of the whole source."""
    warehouse.ensure_table(TABLE, COLUMNS, DESCRIPTION)
    rows = [
        (source, file.name, file.day, place, *column)
        for file, columns in seen.items()
        for place, column in enumerate(columns, start=1)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    names = [file.name for file in seen]

    def transaction(connection) -> None:
        sql = f"DELETE FROM {TABLE} WHERE source = $source"
        given: dict[str, Any] = {"source": source}
        if first is not None:
            sql += " AND (source_day BETWEEN $first AND $last OR list_contains($names, source_file))"
            given |= {"first": first, "last": last, "names": names}
        connection.execute(sql, given)
        insert(connection, TABLE, frame)

    warehouse.write(transaction)


def merged(files: list[list[SeenColumn]]) -> list[SeenColumn]:
    """The columns of several files of a day; one that not every file has counts as without a value."""
    by_name: dict[str, list[SeenColumn]] = {}
    for column in (column for columns in files for column in columns):
        by_name.setdefault(column.name, []).append(column)
    found = []
    for name, columns in by_name.items():
        types = {column.type for column in columns} - {"empty"}
        kind = types.pop() if len(types) == 1 else "mixed" if types else "empty"
        everywhere = len(columns) == len(files)
        counts = (sum(column.n_records for column in columns), sum(column.n_values for column in columns))
        found.append(SeenColumn(name, kind, *counts) if everywhere else SeenColumn(name, kind, 0, 0))
    return found


def _known(warehouse: Warehouse, sql: str, parameters: dict[str, Any]) -> list[SeenColumn]:
    if not warehouse.has_table(TABLE):
        return []
    with warehouse.connect(read_only=True) as connection:
        rows = connection.execute(sql, parameters).fetchall()
    files: dict[str, list[SeenColumn]] = {}
    for file, *column in rows:
        files.setdefault(file, []).append(SeenColumn(*column))
    return merged(list(files.values()))
