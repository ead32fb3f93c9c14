"""The asset graph, and what Dagster shows of each asset of one build."""

import re

from built_names import ARTIFACTS, EMPTY, GROUPS, LAST, NO_ASSETS, TABLES, WITHOUT_ROWS


def test_the_graph_is_described_owned_and_grouped(definitions):
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.executable_asset_keys]
    assert {node.group_name for node in nodes} == GROUPS
    for node in nodes:
        assert node.owners == ["team:data"], node.key
        assert node.description, node.key
        assert node.kinds, node.key
    names = {node.key.to_user_string() for node in nodes}
    others = {"release", "maintenance"}
    assert names == TABLES - NO_ASSETS | WITHOUT_ROWS | ARTIFACTS | others


def test_dbt_models_and_every_check_are_described_in_words(definitions):
    graph = definitions.resolve_asset_graph()
    for key in graph.executable_asset_keys:
        assert "select" not in graph.get(key).description.lower(), key
    for key in graph.asset_check_keys:
        assert graph.get_check_spec(key).description, key


def test_a_release_waits_for_what_nothing_else_reads(definitions):
    import dagster as dg

    graph = definitions.resolve_asset_graph()
    release = dg.AssetKey("release")
    assert {key.to_user_string() for key in graph.get(release).parent_keys} == {
        "evaluation_report",
        "policy_values",
        "profile_quality",
        "item_embeddings",
        "user_embeddings",
    }
    before = {key.to_user_string() for key in dg.AssetSelection.keys(release).upstream().resolve(graph)}
    apart = ("events", "tables", "maintenance")
    learned = {key for key in graph.executable_asset_keys if graph.get(key).group_name not in apart}
    assert {key.to_user_string() for key in learned} <= before


def test_each_event_day_shows_its_own_rows(built, tables):
    from dagster import AssetKey, AssetRecordsFilter

    instance = built.instance()
    for name in ("raw_events", "rejected_events", "source_files", "event_funnel"):
        days = tables[name].group_by("source_day").len()
        expected = {str(day): n for day, n in days.iter_rows()}
        for day in ("2025-09-01", "2025-09-02", EMPTY[0], str(LAST)):
            wanted = AssetRecordsFilter(asset_key=AssetKey(name), asset_partitions=[day])
            (record,) = instance.fetch_materializations(wanted, limit=1).records
            shown = record.asset_materialization.metadata
            assert shown["dagster/partition_row_count"].value == expected.get(day, 0), (name, day)


def test_every_materialisation_records_a_snapshot_that_holds_it(built, definitions):
    from dagster import AssetKey

    instance, newest = built.instance(), built.warehouse.snapshot()
    for key in definitions.resolve_asset_graph().executable_asset_keys - {AssetKey("maintenance")}:
        shown = instance.get_latest_materialization_event(key).asset_materialization.metadata
        assert 0 < shown["snapshot"].value <= newest, key
    for name in ("core_events", "raw_items", "recommendations", "event_funnel"):
        shown = instance.get_latest_materialization_event(AssetKey(name)).asset_materialization.metadata
        count = f"SELECT count(*) AS n FROM {name}"
        then, now = (built.warehouse.read(count, snapshot=at)["n"][0] for at in (shown["snapshot"].value, None))
        assert then == now, name


def test_a_dbt_table_shows_its_rows(built, tables):
    from dagster import AssetKey

    instance = built.instance()
    for name in ("stg_events", "core_events", "core_users", "feat_item_daily"):
        shown = instance.get_latest_materialization_event(AssetKey(name)).asset_materialization.metadata
        assert shown["dagster/row_count"].value == tables[name].height
        assert shown["preview"].value.count("\n") == 1 + min(5, tables[name].height)


def test_the_ui_shows_names_schemas_and_counts(built, definitions):
    from dagster import AssetKey

    instance = built.instance()
    for name in TABLES - NO_ASSETS:
        key = AssetKey([name])
        shown = instance.get_latest_materialization_event(key).asset_materialization.metadata
        metadata = {**definitions.resolve_asset_graph().get(key).metadata, **shown}
        metadata = {label: getattr(value, "value", value) for label, value in metadata.items()}
        assert metadata["dagster/table_name"].split(".")[-1] == name
        columns = getattr(metadata["dagster/column_schema"], "schema", metadata["dagster/column_schema"]).columns
        assert columns and all(column.description and column.type for column in columns), name
    for name in ARTIFACTS:
        metadata = instance.get_latest_materialization_event(AssetKey([name])).asset_materialization.metadata
        assert re.fullmatch("[0-9a-f]{32}", metadata["digest"].value), name
