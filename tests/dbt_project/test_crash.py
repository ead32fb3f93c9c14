"""A run that dies just before a commit leaves the old table, and the next run mends everything."""

import pytest

pytestmark = pytest.mark.slow

DAY = "2024-01-05"


def clicks(n):
    return [
        {"event_id": f"e{k}", "user_id": "ann", "item_id": f"i{k}", "event_at": f"{DAY} 10:00:0{k}"} for k in range(n)
    ]


def test_killed_before_commit(new_lake):
    lake = new_lake("+core_items")
    lake.load_day(DAY, clicks(2))
    lake.run_days(DAY)
    before = lake.digests()
    lake.load_day(DAY, clicks(5))

    assert lake.run_killed("stg_events", from_day=DAY, until_day=DAY) == 9
    assert lake.digests() == before

    assert lake.run_killed("core_items__dbt_tmp", from_day=DAY, until_day=DAY) == 9
    after = lake.digests()
    assert after["core_items"] == before["core_items"]
    assert after["stg_events"] != before["stg_events"], "what was committed before the kill stays"

    lake.run_days(DAY)
    assert lake.sql("select count(*) from core_items") == [(5,)]
    raw = [("raw_events",), ("raw_items",), ("rejected_items",)]
    assert lake.sql("show tables") == sorted([*((name,) for name in before), *raw])


def test_rows_that_another_writer_replaced_meanwhile_are_not_overwritten(new_lake, monkeypatch):
    from dbt.adapters.duckdb.environments import local

    lake = new_lake("stg_events")
    lake.load_day(DAY, clicks(3))
    run = ("run", "--select", "stg_events")
    lake.dbt(*run)
    execute = local.DuckDBCursorWrapper.execute

    def interrupted(self, statement, bindings=None):
        if 'delete from "lake"."main"."stg_events"' in statement:
            lake.sql("delete from stg_events where event_id = 'e2'")
        return execute(self, statement, bindings)

    with monkeypatch.context() as patch:
        patch.setattr(local.DuckDBCursorWrapper, "execute", interrupted)
        statuses = lake.dbt(*run, from_day=DAY, until_day=DAY)
    assert statuses == {"stg_events": "error"}
    assert lake.sql("select event_id from stg_events order by all") == [("e0",), ("e1",)]
    assert lake.dbt(*run, from_day=DAY, until_day=DAY) == {"stg_events": "success"}
    assert lake.sql("select count(*) from stg_events") == [(3,)]
