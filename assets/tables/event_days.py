"""Event days whose tables a load of source days changes, so that a late event reopens its own day and no other.

They are the days of the source days' events now (`raw_events`) and when they were last cleaned (`stg_events`), the
source days themselves, and what a run began and did not finish: those other days stand in `unfinished_days` meanwhile.
"""

import datetime as dt
import itertools

import polars as pl

from assets.graph import Columns, Graph
from resources.warehouse import Warehouse, insert

TABLE = "unfinished_days"
COLUMNS: Columns = {"event_day": ("DATE", "Its tables are being made again; that was begun and has not ended")}

EVENTS_SQL = """SELECT DISTINCT event_day FROM {table}
    WHERE source_day BETWEEN $first AND $last AND event_day BETWEEN $begin AND $end"""
"""The event days of some source days' lines, of those that can be theirs."""


def days_to_build(warehouse: Warehouse, graph: Graph, first: dt.date, last: dt.date) -> list[dt.date]:
    """Event days that a run of the source days `first .. last` makes again, in order; notes others as unfinished."""
    begin, end = graph.with_neighbours(first, last)
    reached = {"first": first, "last": last, "begin": begin, "end": end}
    warehouse.ensure_table(TABLE, COLUMNS, "Event days whose tables a run began to make again")
    unfinished = set(warehouse.read(f"SELECT event_day FROM {TABLE}")["event_day"])
    changed, own = set(), set(pl.date_range(first, last, eager=True))
    for table in ("raw_events", "stg_events"):
        if warehouse.has_table(table):
            changed |= set(warehouse.read(EVENTS_SQL.format(table=table), reached)["event_day"])
    others = pl.DataFrame({"event_day": sorted(changed - own - unfinished)}, schema={"event_day": pl.Date})
    if others.height:
        warehouse.write(lambda connection: insert(connection, TABLE, others))
    return sorted(changed | own | unfinished)


def finish_days(warehouse: Warehouse, days: list[dt.date]) -> None:
    """Every table of these event days has been made again."""
    delete = f"DELETE FROM {TABLE} WHERE event_day IN (SELECT unnest($days))"
    if warehouse.read(f"SELECT event_day FROM {TABLE} LIMIT 1").height:
        warehouse.write(lambda connection: connection.execute(delete, {"days": days}))


def as_text(days: list[dt.date]) -> str:
    """Sorted days as ranges, the way dbt takes them: `2026-01-01..2026-01-04,2026-01-09..2026-01-09`."""
    groups = itertools.groupby(enumerate(days), lambda numbered: numbered[1] - dt.timedelta(days=numbered[0]))
    ranges = ([day for _, day in group] for _, group in groups)
    return ",".join(f"{found[0]}..{found[-1]}" for found in ranges)
