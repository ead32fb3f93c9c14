"""Each fault of a raw event is counted on its day, and the suite names the line."""

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from assets.events.checks import names_users
from assets.events.columns import RAW_EVENTS
from assets.events.event_faults import FAULTS, fault_days
from models.events import schema
from models.events.source import EventSource
from models.quality.run import run_suite
from models.quality.suites import raw_events_suite
from resources.warehouse import Warehouse, insert

DAYS = [date(2026, 3, 1), date(2026, 3, 2)]
MEANINGS = {name: meaning for name, (_, meaning) in FAULTS.items()}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    rows = [
        {
            "event_id": f"e{n}",
            "user_id": f"u{n}" if n % 4 else None,
            "event_type": ["click", "impression"][n % 2],
            "event_at": datetime.combine(DAYS[n // 10], datetime.min.time()) + timedelta(minutes=n % 10),
            "event_day": DAYS[n // 10],
            "position": [None, 3][n % 2],
            "propensity": [None, 0.5][n % 2],
            "source_file": "a.jsonl",
            "source_line": n + 1,
            "source_day": DAYS[n // 10],
        }
        for n in range(20)
    ]
    frame = pl.DataFrame(rows, schema_overrides={"position": pl.Int32})
    assert set(frame.columns) <= set(schema.RAW_EVENTS)
    warehouse = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    warehouse.ensure_table("raw_events", RAW_EVENTS, "An event")
    warehouse.write(lambda connection: insert(connection, "raw_events", frame))
    return warehouse


def judged(warehouse: Warehouse):
    return run_suite(fault_days(warehouse, *DAYS, ["click", "impression"]), raw_events_suite(MEANINGS))


def test_good_days_pass(warehouse):
    days = fault_days(warehouse, *DAYS, ["click", "impression"])
    assert days["source_day"].to_list() == DAYS and days["n_events"].to_list() == [10, 10]
    assert days["user_share"].to_list() == [0.75, 0.75]
    assert judged(warehouse).success


@pytest.mark.parametrize(
    ("changed", "meaning"),
    [
        ("event_id = NULL", "every row has event_id"),
        ("event_type = NULL", "every row has event_type"),
        ("event_at = NULL", "every row has event_at"),
        ("event_day = NULL", "every row has event_day"),
        ("source_file = NULL", "every row has source_file"),
        ("source_day = NULL", "every row has source_day"),
        ("event_type = 'clck'", "every event type is one of the configured ones"),
        ("position = 0", "positions count from 1"),
        ("propensity = 0", "propensities are probabilities above 0"),
        ("propensity = 1.1", "propensities are probabilities above 0"),
        ("propensity = 'nan'", "propensities are probabilities above 0"),
        ("source_line = NULL", "every row has source_line"),
        ("source_line = 0", "line numbers count from 1"),
        ("event_day = event_day + 1", "no event lies before its own day"),
    ],
)
def test_one_bad_row_fails_its_expectation_alone(warehouse, changed, meaning):
    warehouse.write(lambda connection: connection.execute(f"UPDATE raw_events SET {changed} WHERE event_id = 'e14'"))
    failed = judged(warehouse).failed
    assert [row["meaning"] for row in failed] == [meaning]
    if "source_" not in changed:
        assert failed[0]["examples"][0].startswith("source_day=2026-03-02, examples=a.jsonl, line 15")


def test_few_known_users_fail(warehouse):
    warehouse.write(lambda connection: connection.execute("UPDATE raw_events SET user_id = NULL WHERE source_line > 4"))
    assert [row["meaning"] for row in judged(warehouse).failed] == ["at least 20% of the rows have user_id"]


def test_days_without_events_are_none(warehouse):
    assert fault_days(warehouse, date(2020, 1, 1), date(2020, 1, 2), ["click"]).is_empty()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"columns": {"user_id": "who"}}, True),
        ({"constants": {"user_id": "me"}}, True),
        ({"expand": {"path": "list", "columns": {"item_id": "id", "user_id": "who"}}}, True),
        ({}, False),
    ],
)
def test_a_source_that_names_no_users_is_not_held_to_them(given, expected):
    columns = {"item_id": "item", "event_type": "type", "event_at": "at"} | given.get("columns", {})
    source = EventSource(**{"path": "x", "format": "jsonl"} | given | {"columns": columns})
    assert names_users(source) == expected
