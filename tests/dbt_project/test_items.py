"""core_items: the catalogue, what events add to it, and since when an item may be known."""

import pytest


def event(event_id, item, at, **more):
    return {"event_id": event_id, "user_id": "ann", "item_id": item, "event_at": at} | more


CATALOGUE = [
    {"item_id": "dated", "title": "Dated", "price": 1.0, "available_from": "2024-01-03 15:00:00"},
    {"item_id": "undated", "title": " Old record "},
    {"item_id": "undated", "title": "Undated", "brand": " "},
    {"item_id": "never seen"},
]
EVENTS = [
    event("b", "extra", "2024-01-05 10:00:00", item_title="Second", price=3.0),
    event("a", "extra", "2024-01-05 10:00:00", item_title="  First ", price=None),
    event("c", "extra", "2024-01-05 08:00:00", item_title=" "),
    event("h", "titled later", "2024-01-04 10:00:00", item_title=" "),
    event("i", "titled later", "2024-01-05 10:00:00", item_title="Title of its second day", price=5.0),
    event("d", "undated", "2024-01-06 10:00:00", item_title="From an event", price=9.0),
    event("e", "dated", "2024-01-06 10:00:00"),
]
VARIABLES = {"partition_start": "2024-01-01"}


def items(lake):
    columns = "item_id, title, brand, price, first_seen_on::text"
    return {row[0]: row[1:] for row in lake.sql(f"select {columns} from core_items")}


@pytest.fixture(scope="module")
def lake(new_lake):
    lake = new_lake()
    lake.load_items(CATALOGUE)
    lake.load_day("2024-01-06", EVENTS)
    lake.run_days("2024-01-06", **VARIABLES)
    return lake


def test_catalogue_and_seen_items(lake):
    assert items(lake) == {
        "dated": ("Dated", None, 1.0, "2024-01-03"),
        "undated": ("Undated", None, None, "2024-01-06"),
        "never seen": (None, None, None, "2024-01-01"),
        "extra": ("First", None, 3.0, "2024-01-05"),
        "titled later": ("Title of its second day", None, 5.0, "2024-01-04"),
    }


def test_later_events_change_the_newest_price_of_items_without_a_catalogue_and_nothing_else(lake):
    before = items(lake)
    later = [event("f", item, "2024-01-08 10:00:00", item_title="New", price=7.0) for item in ("extra", "undated")]
    later = [row | {"event_id": f"f{n}"} for n, row in enumerate(later)]
    lake.load_day("2024-01-08", [*later, event("g", "another", "2024-01-08 11:00:00", item_title="Another")])
    lake.run_days("2024-01-08", **VARIABLES)
    after = items(lake)
    assert after.pop("another") == ("Another", None, None, "2024-01-08")
    assert after == before | {"extra": ("First", None, 7.0, "2024-01-05")}


def test_a_catalogue_without_dates_is_known_from_the_start(lake):
    lake.load_items([item | {"available_from": None} for item in CATALOGUE])
    lake.dbt("run", "--select", "stg_items core_item_versions core_items", **VARIABLES)
    seen = {item: row[-1] for item, row in items(lake).items()}
    assert seen["dated"] == seen["undated"] == seen["never seen"] == "2024-01-01"
    assert seen["extra"] == "2024-01-05"
