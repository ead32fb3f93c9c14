"""Impressions and their clicks over midnight: whatever came first, the same click belongs to the same impression."""

import pytest

FIRST, SECOND, THIRD, FOURTH = (f"2024-03-0{n}" for n in range(1, 5))


def event(event_id, event_type, at, item="i1"):
    return {"event_id": event_id, "user_id": "ann", "item_id": item, "event_type": event_type, "event_at": at}


SOURCE = {
    FIRST: [
        event("s1", "impression", f"{FIRST} 23:50:00"),
        event("s2", "impression", f"{FIRST} 23:50:00", "i2"),
        event("s3", "impression", f"{FIRST} 10:00:00", "i3"),
    ],
    SECOND: [
        event("c1", "click", f"{SECOND} 00:10:00"),
        event("c2", "click", f"{SECOND} 00:10:00", "i2"),
        event("c2b", "click", f"{SECOND} 00:08:00", "i2"),
    ],
    THIRD: [
        event("s1b", "impression", f"{SECOND} 00:05:00"),
        event("c3", "click", f"{THIRD} 09:00:00", "i3"),
    ],
    FOURTH: [event("s4", "impression", f"{FOURTH} 09:00:00")],
}
CLICKS = "select event_id, click_event_id from core_impressions order by event_at, event_id"


@pytest.fixture(scope="module")
def clean(new_lake):
    """A lake built at once from all days."""
    lake = new_lake()
    lake.load_days(SOURCE)
    lake.run_days(FIRST, FOURTH)
    return lake


def test_clicks_after_midnight_belong_to_the_last_impression(clean):
    assert clean.sql(CLICKS) == [("s3", None), ("s1", None), ("s2", "c2b"), ("s1b", "c1"), ("s4", None)]


@pytest.mark.slow
@pytest.mark.parametrize("order", [[FOURTH, THIRD, SECOND, FIRST], [FIRST, SECOND, FOURTH, THIRD]])
def test_any_order_of_days_gives_the_tables_of_a_clean_build(clean, new_lake, order):
    found = new_lake("+core_impressions").run_in_order(SOURCE, order)
    assert found.keys() == {"stg_events", "core_events", "core_impressions"}
    assert found.items() <= clean.digests().items()


def test_a_click_reopens_as_many_days_as_its_window_reaches(new_lake):
    """Days alone: without late lines the day of the click is the only one that is loaded again."""
    lake, alone = new_lake("+core_impressions"), {"click_window_minutes": 2880}
    for day in (FIRST, SECOND, FOURTH, THIRD):
        rows = [row for row in SOURCE[day] if row["event_at"].startswith(day)]
        lake.load_day(day, rows)
        lake.run_days(day, **alone)
    assert lake.sql(CLICKS) == [("s3", "c3"), ("s1", "c1"), ("s2", "c2b"), ("s4", None)]
    built = lake.digests()
    lake.run_models("--full-refresh", **alone)
    assert lake.digests() == built


def test_every_data_test_passes(clean):
    statuses = clean.dbt("test", "--exclude-resource-type", "unit_test", from_day=FIRST, until_day=FOURTH)
    assert set(statuses.values()) == {"pass"}, statuses
