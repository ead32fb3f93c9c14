"""Replacing days: any order, any number of times, the same tables."""

import pytest

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD, FOURTH = (f"2024-03-0{n}" for n in range(1, 5))


def event(event_id, user, item, at, **more):
    return {"event_id": event_id, "user_id": user, "item_id": item, "event_at": at, "price": 0.1} | more


SOURCE = {
    FIRST: [
        event("a", "ann", "i1", f"{FIRST} 08:00:00", item_title="Early title"),
        event("b", "ann", "i2", f"{FIRST} 23:50:00", event_type="purchase"),
        event("early", "ann", "i2", f"{SECOND} 00:05:00"),
    ],
    SECOND: [
        event("c", "bob", "i1", f"{SECOND} 08:00:00", item_title="Other title", country="DE"),
        event("d", "bob", "i3", f"{SECOND} 08:20:00", event_type="purchase", price=0.2),
        event("late", "ann", "i4", f"{FIRST} 12:00:00", event_type="purchase", price=0.3),
    ],
    THIRD: [
        event("d", "bob", "i3", f"{SECOND} 08:20:00", event_type="purchase", price=0.2),
        event("e", "cat", "i1", f"{THIRD} 09:00:00"),
        event("f", "cat", "i1", f"{THIRD} 09:10:00", event_type="purchase", price=0.7),
    ],
    FOURTH: [event("g", "ann", "i5", f"{FOURTH} 09:00:00", country="FR")],
}
BY_DAY = [
    *("stg_events", "core_events", "filtered_events", "core_sessions", "core_interactions"),
    *("feat_user_daily", "feat_item_daily", "feat_user_category_daily", "feat_user_hour_daily"),
]
SHUFFLED = [FOURTH, SECOND, FIRST, THIRD]


@pytest.fixture(scope="module")
def clean(new_lake):
    """A lake built at once from all days, and its digests."""
    lake = new_lake()
    lake.load_days(SOURCE)
    lake.run_days(FIRST, FOURTH)
    return lake, lake.digests()


def test_any_order_of_days_gives_the_tables_of_a_clean_build(clean, new_lake):
    assert new_lake().run_in_order(SOURCE, SHUFFLED) == clean[1]


def test_a_late_and_an_early_event_land_in_their_own_day(clean):
    lake, _ = clean
    found = lake.sql(
        "select event_id, event_day, source_day from core_events where event_id in ('late', 'early') order by 1"
    )
    assert [tuple(map(str, row)) for row in found] == [("early", SECOND, FIRST), ("late", FIRST, SECOND)]
    assert lake.sql(
        "select n_events, n_items from feat_user_daily where user_id = 'ann' and event_day = ?", [FIRST]
    ) == [(3, 3)]


def test_a_copy_that_comes_a_day_later_is_a_duplicate(clean):
    lake, _ = clean
    found = lake.sql("select source_day::text, filter_reason from stg_events where event_id = 'd' order by 1")
    assert found == [(SECOND, None), (THIRD, "duplicate")]


def test_midnight_cuts_a_session(clean):
    lake, _ = clean
    keys = lake.sql("select session_key from core_events where event_id in ('b', 'early') order by event_at")
    assert keys == [(f"ann:{FIRST}:g:3",), (f"ann:{SECOND}:g:1",)]


def test_rerun_change_and_removal(clean):
    """In one lake: a day again; then a line less and a day emptied, compared with a build from nothing."""
    lake, digests = clean
    lake.run_days(SECOND)
    assert lake.digests() == digests

    lake.load_day(SECOND, SOURCE[SECOND][:1])
    lake.load_day(THIRD, [])
    lake.run_days(SECOND, THIRD)
    assert lake.sql("select count(*) from stg_events where event_id in ('late', 'd')") == [(0,)]
    assert lake.sql("select item_id from core_items order by all") == [("i1",), ("i2",), ("i5",)]
    assert lake.sql("select n_events from feat_user_daily where user_id = 'ann' and event_day = ?", [FIRST]) == [(2,)]
    for table in BY_DAY:
        assert lake.sql(f"select count(*) from {table} where event_day = ?", [THIRD]) == [(0,)]

    replaced = lake.digests()
    lake.run_models("--full-refresh")
    assert lake.digests() == replaced


def test_a_lake_of_an_earlier_version_gets_its_new_columns(new_lake):
    lake = new_lake("stg_events")
    lake.load_days(SOURCE)
    lake.run_days(FIRST, FOURTH)
    whole = lake.sql("select * from stg_events order by all")
    lake.sql("alter table stg_events drop column filter_detail")
    lake.run_days(FIRST, FOURTH)
    assert lake.sql("select * from stg_events order by all") == whole
