"""What is wrong with raw events, counted per day in one pass.

Great Expectations needs all rows in memory as pandas columns. So the database counts, and Great Expectations judges the
counts.
"""

import datetime as dt

import polars as pl

from resources.warehouse import Warehouse, quoted

REQUIRED = ("event_id", "event_type", "event_at", "event_day", "source_file", "source_line", "source_day")

FAULTS: dict[str, tuple[str, str]] = {
    **{f"without_{name}": (f"{quoted(name)} IS NULL", f"every row has {name}") for name in REQUIRED},
    "unknown_types": (
        "NOT list_contains($types, event_type)",
        "every event type is one of the configured ones",
    ),
    "impossible_positions": ("position < 1", "positions count from 1"),
    "impossible_propensities": (
        "NOT (propensity > 0 AND propensity <= 1)",
        "propensities are probabilities above 0",
    ),
    "impossible_lines": ("source_line < 1", "line numbers count from 1"),
    "before_their_day": ("event_at < event_day", "no event lies before its own day"),
}
"""Column of the counts -> (what is true of a bad row, what the suite asserts)."""

EXAMPLES = 3


def fault_days(warehouse: Warehouse, first: dt.date, last: dt.date, event_types: list[str]) -> pl.DataFrame:
    """One row per source day with events: `source_day, n_events, user_share`, the faults' counts and `examples`.

    Args:
        warehouse: The warehouse.
        first: First source day.
        last: Last one.
        event_types: The types the project knows.

    Returns:
        The days, sorted; `user_share` is that of all of them together, `examples` names lines of bad rows.
    """
    counts = ", ".join(f"count(*) FILTER ({wrong}) AS {name}" for name, (wrong, _) in FAULTS.items())
    is_bad = " OR ".join(f"coalesce({wrong}, false)" for wrong, _ in FAULTS.values())
    sql = f"""SELECT source_day, count(*) AS n_events,
            sum(count(user_id)) OVER () / sum(count(*)) OVER () AS user_share, {counts},
            min(source_file || ', line ' || source_line, {EXAMPLES}) FILTER ({is_bad}) AS examples
        FROM raw_events WHERE source_day IS NULL OR source_day BETWEEN $first AND $last
        GROUP BY source_day ORDER BY source_day"""
    given = {"first": first, "last": last, "types": event_types}
    with warehouse.connect(read_only=True) as connection:
        days = connection.execute(sql, given).pl()
    return days.with_columns(pl.col("examples").list.join("; ").fill_null(""))
