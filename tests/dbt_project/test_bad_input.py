"""Odd texts and a user without measure, from the raw tables through every model."""

import pytest

DAY = "2024-01-05"
BOBBY = "'); DROP TABLE core_events;--"
TEXTS = [
    BOBBY,
    '"; drop table "core_items',
    "a/b/../c\\d",
    "😀👩‍👩‍👧",
    "long/" + "x" * 495,
    "{{ var('x') }}",
    "%s",
    "select",
]
MILLION = 1_000_000


def count(lake, table: str, condition: str = "true") -> int:
    return lake.sql(f"select count(*) from {table} where {condition}")[0][0]


@pytest.mark.parametrize("place", ["id", "title"])
def test_texts_stay_texts(new_lake, place: str):
    lake = new_lake("+core_interactions +core_items")
    ids = TEXTS if place == "id" else [f"i{number}" for number in range(len(TEXTS))]
    lake.load_items([{"item_id": item, "title": text} for item, text in zip(ids, TEXTS, strict=True)])
    events = [
        {"event_id": f"{number}{item}", "user_id": item, "item_id": item, "event_at": f"{DAY} 10:00:00", "query": text}
        for number, (item, text) in enumerate(zip(ids, TEXTS, strict=True))
    ]
    lake.load_day(DAY, events)
    lake.run_days(DAY)
    assert sorted(lake.sql("select item_id, title from core_items")) == sorted(zip(ids, TEXTS, strict=True))
    assert sorted(lake.sql("select user_id, item_id, query from core_events")) == sorted(
        zip(ids, ids, TEXTS, strict=True)
    )
    assert count(lake, "core_interactions") == len(TEXTS)


@pytest.fixture(scope="module")
def crowded(new_lake):
    """A user with a million events of a day beside one with a single event."""
    lake = new_lake("+filtered_events +core_sessions +core_interactions")
    lake.load_day(DAY, [{"event_id": "one", "user_id": "bob", "item_id": "i1", "event_at": f"{DAY} 10:00:00"}])
    lake.sql(
        """insert into raw_events by name select 'e' || i as event_id, 'ann' as user_id, 'i' || i % 5000 as item_id,
        'click' as event_type, timestamp '2024-01-05' + interval (i * 86) millisecond as event_at,
        date '2024-01-05' as event_day, '2024-01-05.jsonl' as source_file, i + 2 as source_line,
        date '2024-01-05' as source_day from range(?) as r(i)""",
        [MILLION],
    )
    return lake


def test_a_user_with_a_million_events_is_set_aside(crowded):
    crowded.run_days(DAY)
    rules = "select filter_reason, filter_detail, count(*) from filtered_events group by all"
    assert crowded.sql(rules) == [("bot", "rate", MILLION)]
    assert crowded.sql("select user_id, event_id from core_events") == [("bob", "one")]


def test_or_kept_whole_where_the_config_says_so(crowded):
    crowded.run_days(DAY, max_user_events_per_day=2 * MILLION, regular_pause_variation=0)
    assert count(crowded, "filtered_events") == 0
    assert count(crowded, "core_events", "user_id = 'ann'") == MILLION
    sessions = "select n_events, n_items from core_sessions where user_id = 'ann'"
    assert crowded.sql(sessions) == [(MILLION, 5000)]
    assert count(crowded, "core_interactions", "user_id = 'ann'") == 5000
