import datetime as dt
import math

import polars as pl
import pytest

from assets.events.columns import RAW_EVENTS
from assets.quality.event_profile import add_items, profile_days, read_profiles
from models.quality.day_profile import BINS_PER_OCTAVE, NEGATIVE, ZERO, DayProfile
from resources.warehouse import Warehouse, insert

FIRST, SECOND = dt.date(2025, 9, 1), dt.date(2025, 9, 2)
EVENTS = [
    (FIRST, "click", "u", "DE", 1.0),
    (FIRST, "click", None, "DE", 1.1),
    (FIRST, "cart", "u", "it's", 0.0),
    (FIRST, "cart", "v", None, -3.0),
    (FIRST, "cart", "v", None, None),
    (SECOND, "click", "u", "DE", math.inf),
]


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    made = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    made.ensure_table("raw_events", RAW_EVENTS, "Events")
    frame = pl.DataFrame(EVENTS, schema=["source_day", "event_type", "user_id", "country", "price"], orient="row")
    made.write(lambda connection: insert(connection, "raw_events", frame))
    return made


def profiled(warehouse: Warehouse, first: dt.date = FIRST, last: dt.date = SECOND) -> dict[dt.date, DayProfile]:
    profile_days(warehouse, "raw_events", first, last)
    return read_profiles(warehouse, "raw_events", FIRST, SECOND)


def test_a_day_is_counted_as_it_would_be_by_hand(warehouse):
    first, second = (profiled(warehouse)[day] for day in (FIRST, SECOND))
    assert (first.n_events, second.n_events) == (5, 1)
    assert (first.present["user_id"], first.present["price"], first.present["item_id"]) == (4, 4, 0)
    assert first.categories == {"event_type": {"click": 2, "cart": 3}, "country": {"DE": 2, "it's": 1}}
    three = math.floor(math.log2(3) * BINS_PER_OCTAVE)
    assert first.numbers == {"price": {"0": 2, str(ZERO): 1, str(NEGATIVE - three): 1}}
    assert second.numbers == {}, "a number that is not finite has no bin"


def test_days_are_replaced_and_others_stay(warehouse):
    profiled(warehouse)
    before = warehouse.digest("event_profile_daily")
    profiled(warehouse)
    assert warehouse.digest("event_profile_daily") == before
    warehouse.write(lambda connection: connection.execute("DELETE FROM raw_events WHERE source_day = '2025-09-02'"))
    assert set(profiled(warehouse, SECOND, SECOND)) == {FIRST}


def test_items_are_new_without_an_event_in_the_28_days_before(warehouse):
    third, last = FIRST + dt.timedelta(days=2), FIRST + dt.timedelta(days=30)
    days = [(FIRST, "a"), (SECOND, "a"), (third, "b"), (last, "a"), (last, "b"), (last, "c")]
    columns = {"event_day": ("DATE", "Day"), "item_id": ("VARCHAR", "Item")}
    warehouse.ensure_table("feat_item_daily", columns, "Items")
    frame = pl.DataFrame(days, schema=list(columns), orient="row")
    warehouse.write(lambda connection: insert(connection, "feat_item_daily", frame))
    profiles = {day: DayProfile(1) for day in (FIRST, SECOND, last)}
    add_items(warehouse, profiles, FIRST, last)
    counts = [profiles[day].categories["items"] for day in (FIRST, SECOND, last)]
    # 29 days lie between the last two of `a`, 28 between those of `b`.
    assert counts == [{"new": 1}, {"known": 1}, {"known": 1, "new": 2}]


def test_without_the_table_of_items_nothing_is_said_of_them(warehouse):
    profiles = profiled(warehouse)
    add_items(warehouse, profiles, FIRST, SECOND)
    assert "items" not in profiles[FIRST].categories
