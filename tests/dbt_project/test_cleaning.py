"""Every rule of cleaning, the funnel, and what sessions, interactions and features make of the kept events."""

import pytest

DAY = "2024-01-05"


def event(event_id, user, item=None, at="10:00:00", **more):
    return {"event_id": event_id, "user_id": user, "item_id": item, "event_at": f"{DAY} {at}"} | more


EVENTS = [
    event("click", "ann", "i1", "10:00:00", item_title="Lamp", price=4.0),
    event("buy", "ann", "i1", "10:10:00", event_type="purchase", price=0.1, quantity=3.0),
    event("buy too", "ann", "i2", "10:20:00", event_type="purchase", price=0.2),
    event("look", "ann", "i3", "11:00:00", event_type="impression", position=1, propensity=0.5),
    event("search", "ann", None, "11:00:01", event_type="search", query="lamp"),
    event("quoted", "o'neil", "i1", "09:00:00", event_type="it's", value=4.0, session_id="s"),
    event("too low", "o'neil", "i2", "09:00:01", event_type="it's", value=3.0, session_id="s"),
    event("click", "ann", "i1", "10:00:00"),
    event("nobody", None, "i1"),
    event("tester", "test_7", "i1"),
    event("crawler", "bob", "i1", user_agent="GoogleBot/2.1"),
    *[event(f"busy {n}", "eve", "i1", f"12:00:0{n}") for n in range(10)],
    event("back", "ann", "i1", event_type="return"),
    event("dance", "ann", "i1", event_type="dance"),
    event("postage", "ann", "POST", event_type="purchase"),
    event("gift", "ann", "i1", event_type="purchase", price=0.0),
]
VARIABLES = {
    "event_weights": {
        "impression": {"weight": 0, "min_value": None},
        "search": {"weight": 0},
        "click": {"weight": 1},
        "purchase": {"weight": 5},
        "it's": {"weight": 2.5, "min_value": 4},
    },
    "max_user_events_per_day": 9,
    "pseudo_item_pattern": "^POST$",
    "require_positive_price": True,
}


@pytest.fixture(scope="module")
def lake(new_lake):
    """A built lake; the build runs the unit tests of the rules and all data tests too."""
    lake = new_lake()
    lake.load_day(DAY, EVENTS)
    lake.load_items([{"item_id": "i1", "title": "Lamp"}, {"item_id": "POST", "title": "Postage"}])
    statuses = lake.dbt("run", **VARIABLES)
    assert set(statuses.values()) == {"success"}, statuses
    statuses = lake.dbt("test", from_day=DAY, until_day=DAY, **VARIABLES)
    assert set(statuses.values()) == {"pass"}, statuses
    assert any("midnight" in name for name in statuses)
    return lake


def test_every_reason(lake):
    rows = lake.sql("select event_id, filter_reason from filtered_events order by all")
    assert (
        lake.sql("select event_id, filter_reason from stg_events where filter_reason is not null order by all") == rows
    )
    assert rows == [
        ("back", "return"),
        *[(f"busy {n}", "bot") for n in range(10)],
        ("click", "duplicate"),
        ("crawler", "bot"),
        ("dance", "unknown_event_type"),
        ("gift", "non_positive_price"),
        ("nobody", "missing_user"),
        ("postage", "pseudo_item"),
        ("tester", "test_account"),
    ]


def test_nothing_is_lost(lake):
    assert lake.sql("select count(*) from stg_events") == [(len(EVENTS),)]
    assert lake.sql("select event_id from core_events order by event_at") == [
        ("quoted",), ("too low",), ("click",), ("buy",), ("buy too",), ("look",), ("search",),
    ]  # fmt: skip


def test_sessions(lake):
    assert lake.sql(
        "select session_key, started_at::time::text, ended_at::time::text, n_events, n_items, n_impressions, "
        "n_interactions from core_sessions order by all"
    ) == [
        ("ann:2024-01-05:g:1", "10:00:00", "10:20:00", 3, 2, 0, 3),
        ("ann:2024-01-05:g:2", "11:00:00", "11:00:01", 2, 0, 1, 0),
        ("o'neil:2024-01-05:s:s", "09:00:00", "09:00:01", 2, 1, 0, 1),
    ]


def test_interactions(lake):
    assert lake.sql(
        "select user_id, item_id, event_id, event_type, weight, value, quantity, price "
        "from core_interactions order by all"
    ) == [
        ("ann", "i1", "click", "purchase", 5.0, None, 3.0, 0.1),
        ("ann", "i2", "buy too", "purchase", 5.0, None, None, 0.2),
        ("o'neil", "i1", "quoted", "it's", 2.5, 4.0, None, None),
    ]


def test_features(lake):
    users = lake.sql("select * exclude event_day from feat_user_daily order by user_id")
    assert users == [
        ("ann", 5, 1, 3, 2, 10.0, pytest.approx(0.5), 2, 1, 1.0, 0.0),
        ("o'neil", 2, 0, 1, 1, 2.5, 0.0, 1, 0, 0.0, 0.0),
    ]
    items = lake.sql("select * exclude event_day from feat_item_daily order by item_id")
    assert items == [
        ("i1", 3, 0, 3, 2, 7.5, pytest.approx(0.3), pytest.approx(2.05), 1, 1.0, 0.0),
        ("i2", 2, 0, 1, 1, 5.0, 0.2, 0.2, 0, 0.0, 0.0),
        ("i3", 1, 1, 0, 0, 0.0, 0.0, None, 0, 0.0, 0.0),
    ]


def test_users(lake):
    assert lake.sql("select user_id, n_events, n_interactions from core_users order by all") == [
        ("ann", 5, 3),
        ("o'neil", 2, 1),
    ]


def test_pseudo_items_are_no_items(lake):
    assert lake.sql("select item_id from core_items order by all") == [("i1",), ("i2",), ("i3",)]


def test_tables_and_columns_are_described(lake):
    undescribed = lake.sql(
        "select table_name || '.' || column_name from duckdb_columns() "
        "where database_name = 'lake' and not regexp_matches(table_name, '^(raw|rejected)_') and coalesce(comment, '') = ''"
    )
    assert undescribed == []


def test_a_weight_that_is_no_number_stops_the_build(lake):
    statuses = lake.dbt("run", "--select", "core_sessions", event_weights={"click": {"weight": "1; drop table x"}})
    assert statuses == {"core_sessions": "error"}
