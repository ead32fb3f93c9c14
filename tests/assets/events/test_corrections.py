"""What a file that is delivered again says differently, as rows of `event_corrections`."""

import datetime as dt
import json

import polars as pl
import pytest

from assets.events.corrections import totals
from assets.events.raw_events import read_days, write_days
from resources.settings import load_project
from resources.warehouse import Warehouse

DAY = dt.date(2025, 9, 5)
NEXT = DAY + dt.timedelta(days=1)
CONFIG = """
name: small
output: build
events:
  path: logs
  format: jsonl
  day_pattern: '(\\d{4}-\\d{2}-\\d{2})'
  columns: {event_id: id, user_id: user, item_id: item, event_type: type, event_at: at, price: price, country: country}
event_types: {click: {weight: 1}}
partitions: {start: 2025-09-01}
retrievers: {recent_popularity: {}}
"""
EVENTS = [
    {"id": "a", "user": "ann", "item": "i1", "price": 1.0},
    {"id": "b", "user": "bob", "item": "i2", "price": 2.0},
    {"id": "c", "user": "cat", "item": "i3"},
    {"id": "twice", "user": "dan", "item": "i1"},
    {"id": "twice", "user": "dan", "item": "i2"},
]


class Shop:
    """Files of a few events, and the raw tables made from them."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "logs").mkdir()
        (folder / "sluice.yaml").write_text(CONFIG)
        self.warehouse = Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))

    def deliver(self, events, day=DAY, name="events"):
        """Write a day's file; without events it is removed."""
        path = self.folder / "logs" / f"{name}-{day}.jsonl"
        lines = [json.dumps({"type": "click", "at": f"{day}T10:00:00Z"} | event) for event in events]
        path.write_text("\n".join(lines) + "\n") if lines else path.unlink()

    def load(self, first=DAY, last=DAY):
        frames = read_days(load_project(self.folder / "sluice.yaml"), first, last)
        return write_days(self.warehouse, frames, first, last)

    def corrections(self, columns="kind, event_id, column_name, old_value, new_value, n_events"):
        order = "noticed_at, kind, event_id, copy_number, column_name"
        return self.warehouse.read(f"SELECT {columns} FROM event_corrections ORDER BY {order}").rows()


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    shop.deliver(EVENTS)
    shop.load()
    return shop


def without(event_id):
    return [event for event in EVENTS if event["id"] != event_id]


def test_a_first_delivery_and_the_same_file_again_are_no_corrections(shop):
    assert shop.load().is_empty()
    shop.deliver(EVENTS, NEXT)
    assert shop.load(DAY, NEXT).is_empty()
    assert shop.corrections() == []


def test_other_settings_are_no_corrections(shop):
    """The file is the same: what differs now was not said by the source."""
    path = shop.folder / "sluice.yaml"
    path.write_text(path.read_text().replace(", country: country", "").replace("price: price", "value: price"))
    shop.load()
    assert shop.warehouse.read("SELECT value FROM raw_events WHERE event_id = 'a'").rows() == [(1.0,)]
    assert shop.corrections() == []


def test_another_order_another_split_and_a_repeated_file_are_no_corrections(shop):
    shop.deliver(EVENTS[::-1])
    assert shop.load().is_empty()
    shop.deliver(EVENTS[:2])
    shop.deliver(EVENTS[2:], name="rest")
    assert shop.load().is_empty()
    assert shop.warehouse.read("SELECT * FROM raw_events").height == len(EVENTS)


def test_changed_columns_keep_their_old_value_and_both_files(shop):
    changed = [{"id": "a", "user": "ann", "item": "i9", "price": 1.25}, *without("a")]
    old = shop.warehouse.read("SELECT sha256 FROM source_files")["sha256"][0]
    shop.deliver(changed)
    written = shop.load()
    new = shop.warehouse.read("SELECT sha256 FROM source_files")["sha256"][0]
    assert shop.corrections() == [
        ("changed", "a", "item_id", "i1", "i9", 1),
        ("changed", "a", "price", "1.0", "1.25", 1),
    ]
    name = f"events-{DAY}.jsonl"
    assert set(shop.corrections("source_day, old_file, old_sha256, new_file, new_sha256")) == {
        (DAY, name, old, name, new)
    }
    assert written.rows() == [(DAY, "changed", 2, 1)]
    assert totals(written)["dagster/partition_row_count"] == 2
    assert shop.load().is_empty(), "the same file again writes nothing"
    assert len(shop.corrections()) == 2


def test_a_value_that_comes_and_one_that_goes(shop):
    shop.deliver([{"id": "b", "user": "bob", "item": "i2", "country": "DE"}, *without("b")])
    shop.load()
    assert shop.corrections() == [
        ("changed", "b", "country", None, "DE", 1),
        ("changed", "b", "price", "2.0", None, 1),
    ]


def test_events_that_vanish_keep_their_values_and_those_that_appear_are_counted(shop):
    shop.deliver([*without("b"), {"id": "x", "user": "eve"} | {"item": "i5"}, {"id": "y", "user": "eve", "item": "i5"}])
    assert shop.load().rows() == [(DAY, "appeared", 1, 2), (DAY, "vanished", 1, 1)]
    (appeared, vanished) = shop.corrections()
    assert appeared == ("appeared", None, None, None, None, 2)
    assert vanished[:3] == ("vanished", "b", None)
    assert json.loads(vanished[3]) == {
        "user_id": "bob",
        "item_id": "i2",
        "event_type": "click",
        "price": "2.0",
        "event_at": f"{DAY} 10:00:00",
    }


def test_a_file_that_is_gone_is_a_correction_and_one_after_it_a_first_delivery(shop):
    shop.deliver(EVENTS, NEXT)
    shop.deliver([])
    assert shop.load().rows() == [(DAY, "vanished", len(EVENTS), len(EVENTS))]
    shop.deliver(EVENTS)
    assert shop.load().is_empty(), "the day had no file any more"
    assert shop.warehouse.read("SELECT * FROM raw_events").height == len(EVENTS)


def test_an_id_of_several_events_is_compared_event_by_event(shop):
    shop.deliver([*without("twice"), EVENTS[4], {"id": "twice", "user": "dan", "item": "i7"}])
    shop.load()
    assert shop.corrections() == [("changed", "twice", "item_id", "i1", "i7", 1)]
    shop.deliver([*without("twice"), EVENTS[4], EVENTS[4]])
    shop.load()
    assert shop.corrections()[1:] == [("changed", "twice", "item_id", "i7", "i2", 1)]


def test_only_changed_days_are_compared_and_each_keeps_its_own(shop):
    shop.deliver(EVENTS, NEXT)
    shop.load(NEXT, NEXT)
    shop.deliver(without("a"), NEXT)
    assert shop.load(DAY, NEXT).rows() == [(NEXT, "vanished", 1, 1)]


def test_the_same_deliveries_give_the_same_corrections(tmp_path):
    rows = []
    for name, step in (("one", 1), ("two", -1)):
        folder = tmp_path / name
        folder.mkdir()
        shop = Shop(folder)
        shop.deliver(EVENTS[::step])
        shop.load()
        changed = [event | {"price": 7.0, "user": "zoe"} for event in EVENTS[1:]]
        shop.deliver(changed[::step])
        shop.load()
        columns = "kind, event_id, copy_number, column_name, old_value, new_value, n_events"
        rows.append(pl.DataFrame(shop.corrections(columns), orient="row").sort(pl.all()))
    assert rows[0].equals(rows[1])
    assert rows[0].height == 9


def test_another_context_is_a_correction(tmp_path):
    """A map in the table, and its new value as text."""
    shop = Shop(tmp_path)
    path = shop.folder / "sluice.yaml"
    path.write_text(CONFIG.replace("  columns:", "  context: {source: utm, device: device}\n  columns:"))
    shop.deliver([{"id": "a", "user": "ann", "item": "i1", "utm": "it's", "device": "app"}, EVENTS[1]])
    shop.load()
    sql = "SELECT context['source'] AS source, context['device'] AS device FROM raw_events ORDER BY event_id"
    assert shop.warehouse.read(sql).rows() == [("it's", "app"), (None, None)]
    shop.deliver([{"id": "a", "user": "ann", "item": "i1", "utm": "search", "device": "app"}, EVENTS[1]])
    shop.load()
    assert shop.corrections("kind, event_id, column_name, new_value") == [
        ("changed", "a", "context", "{device=app, source=search}")
    ]
