"""`event_profile_daily`: a source day's events as counts, so that weeks of them can be compared without reading them.

Grain: one count of one day of `raw_events` or `core_events`. Written by the checks that compare days, for the days they
look at, in one pass over those. Read by the same checks on later days, and by people.
"""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from assets.graph import Columns
from models.quality.day_measures import ITEMS
from models.quality.day_profile import BINS_PER_OCTAVE, NEGATIVE, ZERO, DayProfile, day_profiles
from resources.warehouse import Warehouse, insert, quoted

TABLE = "event_profile_daily"
COLUMNS: Columns = {
    "profiled": ("VARCHAR", "raw_events or core_events"),
    "source_day": ("DATE", "The day of the source files"),
    "kind": (
        "VARCHAR",
        "events: rows; present: rows with a value; category: rows with this one; bin: with such a number",
    ),
    "column_name": ("VARCHAR", "The column; empty for rows"),
    "bucket": ("VARCHAR", "The category; or b, for numbers from 2^(b/4) on, with zeros in -10000, others negative"),
    "n": ("BIGINT", "How many"),
}
DESCRIPTION = "One count of the events of one source day"
CATEGORIES = ("event_type", "country")
NUMBERS = ("value", "quantity", "price", "position", "propensity")
TEXTS = ("user_id", "item_id", "session_id", "impression_id", "query", "user_agent", "item_title")
NEW_AFTER_DAYS = 28
ITEMS_SQL = """
WITH days AS (SELECT event_day, item_id, lag(event_day) OVER (PARTITION BY item_id ORDER BY event_day) AS before
    FROM feat_item_daily WHERE event_day BETWEEN $first - to_days($back) AND $last)
SELECT event_day, 'category', $items,
    CASE WHEN before >= event_day - to_days($back) THEN 'known' ELSE 'new' END AS bucket, count(*)
FROM days WHERE event_day >= $first GROUP BY ALL
"""


def profile_days(warehouse: Warehouse, table: str, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Count the events of some days, and keep the counts; one pass over the days' rows."""
    with warehouse.connect(read_only=True) as connection:
        frame = connection.execute(profile_sql(table), {"first": first, "last": last}).pl()
    frame = frame.with_columns(pl.lit(table).alias("profiled")).select(list(COLUMNS))
    warehouse.ensure_table(TABLE, COLUMNS, DESCRIPTION)

    def transaction(connection) -> None:
        sql = f"DELETE FROM {TABLE} WHERE profiled = ? AND source_day BETWEEN ? AND ?"
        connection.execute(sql, [table, first, last])
        insert(connection, TABLE, frame)

    warehouse.write(transaction)
    return frame


def profile_sql(table: str) -> str:
    """Counts of `table` from `$first` to `$last`, with the columns of the profile but the first.

    Every histogram is an aggregate of the same pass: grouping by each column in turn takes a pass each.
    """
    counts = [f"count({column}) AS {column}" for column in (*CATEGORIES, *NUMBERS, *TEXTS)]
    maps = [f"histogram({column}) AS {column}_map" for column in CATEGORIES]
    maps += [f"histogram({bin_sql(column)}) AS {column}_map" for column in NUMBERS]
    parts = ["SELECT source_day, 'events' AS kind, '' AS column_name, '' AS bucket, n FROM days"]
    for column in (*CATEGORIES, *NUMBERS, *TEXTS):
        parts.append(f"SELECT source_day, 'present', '{column}', '', {column} FROM days")
    for column in (*CATEGORIES, *NUMBERS):
        kind = "category" if column in CATEGORIES else "bin"
        unfold = f"SELECT source_day, unnest(map_entries({column}_map)) AS entry FROM days"
        parts.append(
            f"SELECT source_day, '{kind}', '{column}', entry.key::VARCHAR, entry.value::BIGINT FROM ({unfold})"
        )
    return f"""WITH days AS MATERIALIZED (SELECT source_day, count(*) AS n, {", ".join([*counts, *maps])}
            FROM {quoted(table)} WHERE source_day BETWEEN $first AND $last GROUP BY source_day)
        {" UNION ALL ".join(parts)} ORDER BY ALL"""


def bin_sql(column: str) -> str:
    """The bin of a number, see `models.quality.day_profile`; numbers that are not finite have none."""
    octave = f"floor(log2(abs({column})) * {BINS_PER_OCTAVE})::INTEGER"
    signed = f"CASE WHEN {column} > 0 THEN {octave} WHEN {column} < 0 THEN {NEGATIVE} - {octave} ELSE {ZERO} END"
    return f"CASE WHEN isfinite({column}::DOUBLE) THEN {signed} END"


def read_profiles(warehouse: Warehouse, table: str, first: dt.date, last: dt.date) -> dict[dt.date, DayProfile]:
    """The profiles that are kept of some days."""
    sql = f"""SELECT source_day, kind, column_name, bucket, n FROM {TABLE}
        WHERE profiled = ? AND source_day BETWEEN ? AND ?"""
    return day_profiles(warehouse.read(sql, [table, first, last]).iter_rows())


def add_items(warehouse: Warehouse, profiles: dict[dt.date, DayProfile], first: dt.date, last: dt.date) -> None:
    """Count the items of each day that had an event in the 28 days before, and those that had none.

    Not kept: an earlier day that comes late changes the counts of later ones.
    """
    given = {"first": first, "last": last, "back": NEW_AFTER_DAYS, "items": ITEMS}
    rows: Iterable[tuple] = []
    if warehouse.has_table("feat_item_daily"):
        with warehouse.connect(read_only=True) as connection:
            rows = connection.execute(ITEMS_SQL, given).fetchall()
    for day, kind, column, bucket, n in rows:
        if day in profiles:
            profiles[day].add(kind, column, bucket, n)
