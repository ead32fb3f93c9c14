"""`event_corrections`: what a file that was delivered again says differently.

Grain: one event and column that changed, one event that vanished, or the number of events that appeared in a file of a
day. Written when `raw_events` replaces the rows of a day by others, and never rewritten. Read by people.
"""

import datetime as dt
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from assets.events.columns import RAW_EVENTS
from assets.graph import PARTITION_ROWS, Columns
from resources.warehouse import as_arrow, quoted

COLUMNS: Columns = {
    "noticed_at": ("TIMESTAMP", "When the day was read again, UTC"),
    "source_day": ("DATE", "The day of the file: the partition"),
    "kind": ("VARCHAR", "changed, vanished or appeared"),
    "event_id": ("VARCHAR", "The event; empty where events appeared"),
    "copy_number": ("BIGINT", "From 1, for ids that changed in several events of the day"),
    "column_name": ("VARCHAR", "The column that changed; empty where the event vanished or appeared"),
    "old_value": ("VARCHAR", "What it was, as text; of a vanished event all its values, as JSON"),
    "new_value": ("VARCHAR", "What it is now, as text"),
    "n_events": ("BIGINT", "1, or how many events appeared"),
    "old_file": ("VARCHAR", "The file the event was in"),
    "old_sha256": ("VARCHAR", "Digest of that file as it was then"),
    "new_file": ("VARCHAR", "The file the event is in"),
    "new_sha256": ("VARCHAR", "Digest of that file now"),
}

WHERE_FROM = {"event_id", "event_day", "source_file", "source_line", "source_day"}
CONTENT = [name for name in RAW_EVENTS if name not in WHERE_FROM]
"""The columns in which two deliveries of an event are compared: a line that only moved is no correction."""

# Days that had been read before and whose files are others now: whatever else differs comes from settings, not sources.
CHANGED_DAYS = """
CREATE OR REPLACE TEMP TABLE _changed_days AS
WITH old_files AS (
    SELECT source_day, list(source_file || ' ' || sha256 ORDER BY source_file, sha256) AS files
    FROM source_files WHERE source_day BETWEEN $first AND $last GROUP BY source_day
),
new_files AS (
    SELECT source_day, list(source_file || ' ' || sha256 ORDER BY source_file, sha256) AS files
    FROM _new_source_files GROUP BY source_day
)
SELECT o.source_day FROM old_files AS o LEFT JOIN new_files AS n USING (source_day)
WHERE n.files IS DISTINCT FROM o.files
"""

# The ids of which the two deliveries do not hold the same rows; hashes of rows, so that millions fit into memory.
CHANGED_IDS = """
CREATE OR REPLACE TEMP TABLE _changed_ids AS
SELECT DISTINCT source_day, event_id FROM (
    SELECT source_day, event_id, hash({content}) AS content, 1 AS n
    FROM raw_events SEMI JOIN _changed_days USING (source_day) WHERE source_day BETWEEN $first AND $last
    UNION ALL
    SELECT source_day, event_id, hash({content}) AS content, -1 AS n
    FROM _new_raw_events SEMI JOIN _changed_days USING (source_day)
) GROUP BY source_day, event_id, content HAVING sum(n) <> 0
"""

# The rows of those ids as text, without those that both deliveries have; what is left is paired in the order of values.
CHANGED_ROWS = """
CREATE OR REPLACE TEMP TABLE _{side}_rows AS
SELECT r.source_day, r.event_id, r.source_file, f.sha256, [{texts}] AS contents,
    row_number() OVER (PARTITION BY r.source_day, r.event_id, contents ORDER BY r.source_file, r.source_line) AS repeat
FROM {rows} AS r SEMI JOIN _changed_ids AS c ON r.source_day = c.source_day AND r.event_id = c.event_id
    LEFT JOIN {files} AS f ON r.source_file = f.source_file AND r.source_day = f.source_day
WHERE r.source_day BETWEEN $first AND $last
"""
PAIRED = """
CREATE OR REPLACE TEMP TABLE _paired AS
WITH old_only AS (
    SELECT *, row_number() OVER (PARTITION BY source_day, event_id ORDER BY contents, repeat) AS copy_number
    FROM _old_rows ANTI JOIN _new_rows USING (source_day, event_id, contents, repeat)
),
new_only AS (
    SELECT *, row_number() OVER (PARTITION BY source_day, event_id ORDER BY contents, repeat) AS copy_number
    FROM _new_rows ANTI JOIN _old_rows USING (source_day, event_id, contents, repeat)
)
SELECT source_day, event_id, copy_number, o.contents AS old_contents, n.contents AS new_contents,
    o.source_file AS old_file, o.sha256 AS old_sha256, n.source_file AS new_file, n.sha256 AS new_sha256
FROM old_only AS o FULL JOIN new_only AS n USING (source_day, event_id, copy_number)
"""

RECORDED = """
INSERT INTO event_corrections BY NAME
SELECT $noticed_at::TIMESTAMP AS noticed_at, source_day, 'changed' AS kind, event_id, copy_number, column_name,
    old_value, new_value, 1 AS n_events, old_file, old_sha256, new_file, new_sha256
FROM (SELECT *, unnest($names) AS column_name, unnest(old_contents) AS old_value, unnest(new_contents) AS new_value
    FROM _paired WHERE old_contents IS NOT NULL AND new_contents IS NOT NULL)
WHERE old_value IS DISTINCT FROM new_value
UNION ALL BY NAME
SELECT $noticed_at::TIMESTAMP AS noticed_at, source_day, 'vanished' AS kind, event_id, copy_number,
    to_json(map_from_entries(list_filter(list_zip($names, old_contents), pair -> pair[2] IS NOT NULL)))::VARCHAR
        AS old_value,
    1 AS n_events, old_file, old_sha256
FROM _paired WHERE new_contents IS NULL
UNION ALL BY NAME
SELECT $noticed_at::TIMESTAMP AS noticed_at, source_day, 'appeared' AS kind, count(*) AS n_events, new_file, new_sha256
FROM _paired WHERE old_contents IS NULL GROUP BY source_day, new_file, new_sha256
"""

WRITTEN = """
SELECT source_day, kind, count(*) AS n_rows,
    CASE kind WHEN 'appeared' THEN sum(n_events)::BIGINT ELSE count(DISTINCT (event_id, copy_number)) END AS n_events
FROM event_corrections WHERE noticed_at = $noticed_at AND source_day BETWEEN $first AND $last
GROUP BY source_day, kind ORDER BY source_day, kind
"""
NOTHING = pl.DataFrame(schema={"source_day": pl.Date, "kind": pl.Utf8, "n_rows": pl.Int64, "n_events": pl.Int64})


def record_corrections(
    connection: duckdb.DuckDBPyConnection,
    frames: dict[str, pl.DataFrame],
    first: dt.date,
    last: dt.date,
    noticed_at: dt.datetime,
) -> pl.DataFrame:
    """Compare the rows of `first..last` in `raw_events` with those about to replace them, and note what differs.

    Only days that were read before and whose files changed are compared; the same files again write nothing. Two
    deliveries of an event are known by their id and day. An id that several changed events share is paired in the
    order of their values. All of it is SQL over the two tables: nothing of a day passes through Python.

    Args:
        connection: Inside the transaction that replaces the rows, before it does.
        frames: The rows to come of `raw_events` and `source_files`.
        first: First source day.
        last: Last source day.
        noticed_at: The time to note.

    Returns:
        What was written: `source_day, kind, n_rows, n_events`, one row per day and kind.
    """
    days = {"first": first, "last": last}
    connection.register("_new_source_files", frames["source_files"].to_arrow())
    try:
        connection.execute(CHANGED_DAYS, days)
        if not connection.execute("SELECT 1 FROM _changed_days LIMIT 1").fetchone():
            return NOTHING
        connection.register("_new_raw_events", as_arrow(frames["raw_events"]))
        _compare(connection, days)
        connection.execute(RECORDED, {"noticed_at": noticed_at, "names": CONTENT})
        return connection.execute(WRITTEN, days | {"noticed_at": noticed_at}).pl()
    finally:
        for name in ("_new_source_files", "_new_raw_events"):
            connection.unregister(name)


def _compare(connection: duckdb.DuckDBPyConnection, days: dict[str, dt.date]) -> None:
    """Fill `_paired` with the events of which the two deliveries differ."""
    content, texts = ", ".join(map(quoted, CONTENT)), ", ".join(f"r.{quoted(name)}::VARCHAR" for name in CONTENT)
    connection.execute(CHANGED_IDS.format(content=content), days)
    for side, rows, files in (
        ("old", "raw_events", "source_files"),
        ("new", "_new_raw_events", "_new_source_files"),
    ):
        connection.execute(CHANGED_ROWS.format(side=side, rows=rows, files=files, texts=texts), days)
    connection.execute(PAIRED)


def totals(written: pl.DataFrame) -> dict[str, Any]:
    """What the UI shows of the corrections of some days: rows written, and events by kind."""
    kinds = written.group_by("kind").agg(pl.col("n_events").sum()).sort("kind")
    return {PARTITION_ROWS: int(written["n_rows"].sum()), "events": dg.MetadataValue.json(dict(kinds.iter_rows()))}
