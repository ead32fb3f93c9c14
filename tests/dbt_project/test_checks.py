"""Every data test passes on good tables, fails on bad ones, and is a check of an asset in Dagster."""

import json

import pytest

DAY = "2024-01-05"
DAMAGE = [
    "insert into stg_events select * from stg_events",
    "update stg_events set event_day = event_day + 1 where event_id = 'a' and filter_reason is null",
    "insert into stg_items select * from stg_items",
    "insert into core_events select * from core_events",
    "insert into filtered_events select * replace ('bot' as filter_reason) from stg_events",
    "insert into core_sessions select * replace (ended_at - interval 1 day as ended_at) from core_sessions",
    "insert into stg_catalogue_days select * replace (0 as n_records) from stg_catalogue_days",
    "insert into core_item_days select * from core_item_days",
    "insert into core_item_versions select * replace (null as origin) from core_item_versions",
    "insert into core_items select * from core_items where item_id != 'i1'",
    "delete from core_items where item_id = 'i1'",
    "insert into core_users select * replace (0 as n_events) from core_users",
    "insert into core_user_days select * from core_user_days",
    "insert into core_user_versions select * from core_user_versions",
    "insert into core_interactions select * replace (0 as weight) from core_interactions",
    "insert into core_impressions select * replace ('c' as click_event_id, event_day as click_event_day) "
    "from core_impressions",
    "insert into core_returns select * replace (-1 as quantity_matched) from core_returns",
    "insert into core_undone_interactions select * replace (-1 as weight) from core_undone_interactions",
    "insert into feat_user_daily select * replace (99 as n_items) from feat_user_daily",
    "insert into feat_user_category_daily select * replace (0 as weight) from feat_user_category_daily",
    "insert into feat_user_hour_daily select * replace (24 as hour_of_day) from feat_user_hour_daily",
    "insert into feat_user_hour_daily select * from feat_user_hour_daily",
    "insert into feat_item_daily select * replace (-1 as weight) from feat_item_daily",
]


@pytest.fixture(scope="module")
def lake(new_lake):
    lake = new_lake()
    lake.load_items([{"item_id": "i2", "category": "Lamps"}])
    lake.load_catalogue_day("2024-01-04", [{"item_id": "i3"}])
    lake.load_day(
        DAY,
        [
            {"event_id": "a", "user_id": "ann", "item_id": "i1", "event_at": f"{DAY} 10:00:00"},
            {"event_id": "b", "user_id": "ann", "item_id": "i2", "event_at": f"{DAY} 10:00:00"},
            {
                "event_id": "c",
                "user_id": "ann",
                "item_id": "i1",
                "event_at": f"{DAY} 10:00:00",
                "event_type": "purchase",
            },
            {"event_id": "d", "user_id": "ann", "item_id": "i1", "event_at": f"{DAY} 10:00:00", "event_type": "return"},
            {
                "event_id": "e",
                "user_id": "ann",
                "item_id": "i1",
                "event_at": f"{DAY} 09:00:00",
                "event_type": "impression",
            },
            {
                "event_id": "f",
                "user_id": "bob",
                "item_id": "i1",
                "event_at": f"{DAY} 09:00:00",
                "event_type": "impression",
            },
        ],
    )
    lake.run_days(DAY)
    return lake


def test_an_event_outside_the_window_is_noticed(lake):
    lake.load_day("2024-01-09", [{"event_id": "z", "user_id": "ann", "event_at": "2024-01-07 10:00:00"}])
    window = {"from_day": "2024-01-09", "until_day": "2024-01-09"}
    test = ("test", "--select", "no_event_is_lost")
    few = "2024-01-08..2024-01-09"
    assert lake.dbt(*test, **window, event_days=few) == {"no_event_is_lost": "fail"}
    lake.dbt("run", **window)
    assert lake.dbt(*test, **window) == {"no_event_is_lost": "pass"}


def test_every_check_passes_then_fails(lake):
    arguments = ("test", "--exclude-resource-type", "unit_test")
    window = {"from_day": DAY, "until_day": "2024-01-09"}
    good = lake.dbt(*arguments, **window)
    assert set(good.values()) == {"pass"}, good
    for statement in DAMAGE:
        lake.sql(statement)
    bad = lake.dbt(*arguments, **window)
    assert bad.keys() == good.keys()
    assert set(bad.values()) == {"fail"}, bad


def test_an_event_that_is_set_aside_and_not_filtered_is_noticed(new_lake):
    lake = new_lake()
    lake.load_day(DAY, [{"event_id": "t", "user_id": "test_1", "item_id": "i1", "event_at": f"{DAY} 10:00:00"}])
    lake.run_days(DAY)
    test = ("test", "--select", "no_event_is_lost")
    assert lake.dbt(*test, from_day=DAY, until_day=DAY) == {"no_event_is_lost": "pass"}
    lake.sql("delete from filtered_events")
    assert lake.dbt(*test, from_day=DAY, until_day=DAY) == {"no_event_is_lost": "fail"}


def test_a_return_that_is_lost_is_noticed(new_lake):
    lake = new_lake()
    lake.load_day(
        DAY,
        [
            {"event_id": "a", "user_id": "ann", "item_id": "i1", "event_at": f"{DAY} 10:00:00"},
            {"event_id": "r", "user_id": "ann", "item_id": "i1", "event_at": f"{DAY} 11:00:00", "event_type": "return"},
        ],
    )
    lake.run_days(DAY)
    test = ("test", "--select", "no_event_is_lost")
    assert lake.dbt(*test, from_day=DAY, until_day=DAY) == {"no_event_is_lost": "pass"}
    lake.sql("update feat_user_daily set n_returns = 0")
    assert lake.dbt(*test, from_day=DAY, until_day=DAY) == {"no_event_is_lost": "fail"}
    lake.sql("update feat_user_daily set n_returns = 1")
    lake.sql("delete from core_returns")
    assert lake.dbt(*test, from_day=DAY, until_day=DAY) == {"no_event_is_lost": "fail"}


def test_dagster_sees_groups_owners_sources_and_checks(lake):
    from dagster import AssetKey
    from dagster_dbt import DagsterDbtTranslator

    manifest = json.loads((lake.folder / "target" / "manifest.json").read_text())
    translator = DagsterDbtTranslator()
    specs = {
        node["name"]: translator.get_asset_spec(manifest, unique_id, None)
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    assert {name: spec.key for name, spec in specs.items()} == {name: AssetKey([name]) for name in lake.digests()}
    assert {spec.group_name for spec in specs.values()} == {"tables"}
    assert {tuple(spec.owners) for spec in specs.values()} == {("team:data",)}
    assert [dep.asset_key for dep in specs["stg_events"].deps] == [AssetKey(["raw_events"])]
    assert [dep.asset_key for dep in specs["stg_items"].deps] == [AssetKey(["raw_items"])]
    for unique_id in manifest["nodes"]:
        if unique_id.startswith("test."):
            checks = [translator.get_asset_check_spec(spec, manifest, unique_id, None) for spec in specs.values()]
            assert [check.blocking for check in checks if check] == [True], unique_id
    for spec in specs.values():
        columns = spec.metadata["dagster/column_schema"].columns
        assert all(column.description and column.type != "?" for column in columns)
