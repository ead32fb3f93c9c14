"""Which event days a load of source days makes again, in a real lake of a few rows."""

import datetime as dt
from types import SimpleNamespace

import polars as pl
import pytest

from assets.graph import Graph
from assets.tables.event_days import as_text, days_to_build, finish_days
from resources.warehouse import Warehouse, insert

COLUMNS = {"event_day": ("DATE", "Day of the event"), "source_day": ("DATE", "Day of its file")}


def day(number: int) -> dt.date:
    return dt.date(2026, 3, number)


@pytest.fixture
def lake(tmp_path):
    return Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))


@pytest.fixture
def graph():
    source = SimpleNamespace(day_pattern="(.*)", late_days=2, early_days=0)
    return Graph(project=SimpleNamespace(settings=SimpleNamespace(events=source)), days=None, as_of_days=None)


def put(lake: Warehouse, table: str, *rows: tuple[int, int]) -> None:
    """Events as (day of the event, day of its file), in the place of those that the table has."""
    frame = pl.DataFrame(
        [(day(event), day(file)) for event, file in rows], schema=dict.fromkeys(COLUMNS, pl.Date), orient="row"
    )
    lake.ensure_table(table, COLUMNS, "Events")

    def transaction(connection) -> None:
        connection.execute(f"DELETE FROM {table}")
        insert(connection, table, frame)

    lake.write(transaction)


def test_a_late_event_reopens_its_own_day_and_no_other(lake, graph):
    put(lake, "raw_events", (9, 9), (10, 10), (8, 10), (11, 11))
    assert days_to_build(lake, graph, day(10), day(10)) == [day(8), day(10)]
    assert days_to_build(lake, graph, day(12), day(12)) == [day(8), day(12)], "the others until they are finished"
    assert lake.read("SELECT * FROM unfinished_days").rows() == [(day(8),)]


def test_a_day_that_lost_its_lines_is_made_again(lake, graph):
    put(lake, "stg_events", (8, 10), (10, 10), (9, 9))
    put(lake, "raw_events", (10, 10), (9, 9))
    assert days_to_build(lake, graph, day(10), day(11)) == [day(8), day(10), day(11)]


def test_days_stay_unfinished_until_every_table_has_been_made(lake, graph):
    put(lake, "raw_events", (8, 10), (5, 6))
    days = days_to_build(lake, graph, day(10), day(10))
    days_to_build(lake, graph, day(6), day(6))
    put(lake, "raw_events")
    assert days_to_build(lake, graph, day(10), day(10)) == [day(5), day(8), day(10)]
    finish_days(lake, days)
    assert days_to_build(lake, graph, day(10), day(10)) == [day(5), day(10)]
    finish_days(lake, [day(5)])
    assert days_to_build(lake, graph, day(10), day(10)) == [day(10)]


def test_a_lake_without_tables_builds_the_days_asked_for(lake, graph):
    assert days_to_build(lake, graph, day(3), day(4)) == [day(3), day(4)]


def test_days_are_told_as_ranges():
    assert as_text([]) == ""
    assert as_text([day(1), day(2), day(3), day(7), day(9), day(10)]) == (
        "2026-03-01..2026-03-03,2026-03-07..2026-03-07,2026-03-09..2026-03-10"
    )
