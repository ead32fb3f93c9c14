import datetime as dt
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from assets.graph import Graph, checked_day, checked_days, end_of, preview, table_metadata
from pipelines.partitions import daily

JANUARY = dg.DailyPartitionsDefinition("2025-01-01", end_date="2025-02-01", timezone="UTC")


def graph_with(source) -> Graph:
    project = SimpleNamespace(settings=SimpleNamespace(events=source))
    return Graph(project=project, days=JANUARY, as_of_days=JANUARY)


def context(key=None, done=()):
    instance = SimpleNamespace(get_materialized_partitions=lambda asset: set(done))
    return SimpleNamespace(
        has_partition_key=key is not None, has_partition_key_range=False, partition_key=key, instance=instance
    )


def test_a_preview_is_a_markdown_table_without_markup_of_its_own():
    frame = pl.DataFrame({"a": ["x|y", "<b>", "two\nlines", "z" * 80], "b": [1.23456, 2.0, None, 4.0]})
    lines = preview(frame, 4).splitlines()
    assert lines[:2] == ["| a | b |", "|---|---|"]
    assert lines[2:] == [
        "| x\\|y | 1.235 |",
        "| &lt;b> | 2 |",
        "| two lines | None |",
        f"| {'z' * 57}... | 4 |",
    ]
    assert len(preview(frame, 2).splitlines()) == 4
    assert preview(frame.clear()) == "_no rows_"


def test_table_metadata_describes_the_columns():
    frame = pl.DataFrame({"a": [1, 2]})
    shown = table_metadata("things", {"a": ("BIGINT", "A number")}, frame, 7)
    assert shown["dagster/table_name"] == "lake.main.things"
    (column,) = shown["dagster/column_schema"].columns
    assert (column.name, column.type, column.description) == ("a", "BIGINT", "A number")
    assert shown["dagster/partition_row_count"] == 2
    assert shown["snapshot"] == 7
    assert "snapshot" not in table_metadata("things", {}, frame)


@pytest.mark.parametrize(
    ("pattern", "late", "early", "expected"),
    [
        # A line of the file of day 10 + s lies in the event days 10 + s - late .. 10 + s + early + 1.
        ("x", 2, 0, (dt.date(2025, 1, 7), dt.date(2025, 1, 14))),
        ("x", 0, 1, (dt.date(2025, 1, 8), dt.date(2025, 1, 13))),
        (None, 2, 1, (dt.date(2025, 1, 10), dt.date(2025, 1, 11))),
    ],
)
def test_neighbours_are_the_days_whose_lines_share_an_event_day(pattern, late, early, expected):
    graph = graph_with(SimpleNamespace(day_pattern=pattern, late_days=late, early_days=early))
    assert graph.with_neighbours(dt.date(2025, 1, 10), dt.date(2025, 1, 11)) == expected


def test_a_check_started_alone_looks_at_all_days_or_the_newest_lists():
    graph = graph_with(None)
    assert checked_days(context(), graph) == (dt.date(2025, 1, 1), dt.date(2025, 1, 31))
    assert checked_day(context(done=["2025-01-03", "2025-01-09"]), graph) == dt.date(2025, 1, 9)
    assert checked_day(context(), graph) == dt.date(2025, 1, 31)
    assert checked_day(context("2025-01-05", ["2025-01-09"]), graph) == dt.date(2025, 1, 5)


def test_the_end_of_a_day_is_the_next_midnight():
    assert end_of(dt.date(1970, 1, 1)) == 86_400


def test_the_as_of_axis_ends_with_the_partitions():
    partitions = SimpleNamespace(start=dt.date(2025, 1, 1), end=dt.date(2025, 1, 3))
    keys = daily(SimpleNamespace(partitions=partitions)).get_partition_keys()
    assert keys == ["2025-01-01", "2025-01-02", "2025-01-03"]
