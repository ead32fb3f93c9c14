"""What one build leaves behind: every table, described; the graph; lists; a release that can be trusted."""

import datetime as dt
import json
import re

import polars as pl
import pytest

TABLES = {
    *("raw_events", "rejected_events", "source_files", "raw_items", "rejected_items"),
    *("stg_events", "stg_items", "core_events", "filtered_events", "core_sessions", "core_items", "core_users"),
    *("core_interactions", "feat_user_daily", "feat_item_daily", "event_funnel"),
    *("item_profiles", "user_profiles", "profile_calls"),
    *("item_text_embeddings", "item_embeddings", "user_embeddings", "text_vectors"),
    *("candidates", "recommendations", "metrics", "releases", "artifacts", "fingerprints"),
    *("quality_history", "source_schemas", "event_profile_daily"),
}
NO_ASSETS = {"text_vectors", "artifacts", "fingerprints", "releases", "quality_history", "source_schemas"}
NO_ASSETS |= {"event_profile_daily"}
GROUPS = {"events", "tables", "profiles", "embeddings", "indexes", "ranking", "evaluation", "releases", "maintenance"}
RETRIEVERS = {"popularity", "recent_popularity", "ease", "sasrec"}
ARTIFACTS = RETRIEVERS | {"interaction_sequences", "sasrec_index", "ranking_dataset", "lambdarank", "evaluation_report"}
EMPTY = ["2025-09-08", "2025-09-10"]
LAST = dt.date(2025, 9, 20)


@pytest.fixture(scope="module")
def tables(built):
    """Every table of the lake, whole."""
    return {name: built.warehouse.read(f'SELECT * FROM "{name}"') for name in built.tables()}


@pytest.fixture(scope="module")
def definitions(built):
    return built.definitions()


def test_every_table_of_the_design_has_rows(tables):
    assert {name for name, rows in tables.items() if rows.height} == TABLES


def test_every_table_and_column_is_described(built):
    undescribed = """SELECT table_name, NULL AS column_name FROM duckdb_tables()
        WHERE database_name = 'lake' AND coalesce(comment, '') = ''
        UNION ALL SELECT table_name, column_name FROM duckdb_columns()
        WHERE database_name = 'lake' AND coalesce(comment, '') = '' ORDER BY ALL"""
    assert built.warehouse.read(undescribed).rows() == []


def test_every_line_is_accepted_or_rejected(built, tables):
    files = tables["source_files"]
    lines = {path.name: len(path.read_bytes().splitlines()) for path in (built.folder / "shop/events").iterdir()}
    assert dict(files.select("source_file", "n_lines").iter_rows()) == lines
    assert (files["n_accepted"] + files["n_rejected"] == files["n_lines"]).all()
    assert tables["raw_events"].height + tables["rejected_events"].height == sum(lines.values())
    place = ["source_file", "source_line"]
    places = pl.concat([tables["raw_events"].select(place), tables["rejected_events"].select(place)])
    assert not places.is_duplicated().any()
    assert tables["rejected_items"]["reason"].to_list() == ["broken_json"]
    assert tables["raw_items"].height == 80


def test_the_funnel_adds_up(tables):
    funnel = tables["event_funnel"].sort("source_day")
    assert funnel["source_day"].to_list() == pl.date_range(dt.date(2025, 9, 1), LAST, eager=True).to_list()
    assert (funnel["n_lines"] == funnel["n_rejected"] + funnel["n_accepted"]).all()
    assert (funnel["n_accepted"] == funnel["n_filtered"] + funnel["n_kept"]).all()
    assert funnel["n_lines"].sum() == tables["source_files"]["n_lines"].sum()
    assert funnel["n_kept"].sum() == tables["core_events"].height
    assert 0 < funnel["n_interactions"].sum() < funnel["n_kept"].sum()
    empty = funnel.filter(pl.col("source_day").cast(pl.Utf8).is_in(EMPTY))
    assert empty.select(pl.col("^n_.*$").sum()).row(0) == (0, 0, 0, 0, 0, 0, 0)


def test_an_empty_day_is_a_warning(built):
    passed, blocking, text = built.outcomes[0].checks["raw_events:no_day_is_empty"]
    assert (passed, blocking) == (False, False)
    assert all(day in text for day in EMPTY)
    assert built.outcomes[0].success


def test_every_result_of_every_check_is_in_the_history(built, tables):
    history = tables["quality_history"].filter(pl.col("expectation_number") == 0)
    told = {(outcome.run_id, name): result[0] for outcome in built.outcomes for name, result in outcome.checks.items()}
    kept = {(run, f"{asset}:{check}"): passed for run, asset, check, passed in _results(history)}
    assert kept == told
    assert history.height == len(told), "a result is there twice"
    assert set(history["kind"]) == {"python", "dbt", "great_expectations"}
    tests = history.filter((pl.col("kind") == "dbt") & pl.col("blocking") & pl.col("passed"))
    assert (tests["first_day"] == dt.date(2025, 9, 1)).all()
    assert (tests["last_day"] == LAST).all()


def test_a_release_holds_the_results_it_rests_on(built, tables):
    released = built.warehouse.read("SELECT * FROM quality_history", snapshot=built.newest_release().snapshot)
    assert released.height == tables["quality_history"].height


def _results(history):
    return history.select("run_id", "asset", "check_name", "passed").iter_rows()


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
    assert names == TABLES - NO_ASSETS | ARTIFACTS | others


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
        *("evaluation_report", "item_embeddings", "user_embeddings", "profile_calls"),
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


def test_lists_hold_nothing_seen_withdrawn_or_unknown(tables):
    items = tables["core_items"].select("item_id", "first_seen_on", "withdrawn_at")
    seen = tables["core_interactions"].select("user_id", "item_id", "event_day")
    for name in ("recommendations", "candidates"):
        lists = tables[name].select("as_of_day", "user_id", "item_id")
        again = lists.join(seen, on=["user_id", "item_id"]).filter(pl.col("event_day") <= pl.col("as_of_day"))
        assert again.is_empty(), name
        known = lists.join(items, on="item_id", how="left")
        end = pl.col("as_of_day").cast(pl.Datetime("us")) + pl.duration(days=1)
        assert (known["first_seen_on"] <= known["as_of_day"]).all(), name
        assert known.filter(pl.col("withdrawn_at") < end).is_empty(), name
    withdrawn = items.filter(pl.col("withdrawn_at") < dt.datetime(2025, 9, 21))
    later = items.filter(pl.col("first_seen_on") > LAST)
    assert withdrawn.height and later.height, "the season has both, or the test shows nothing"


def test_every_active_user_has_a_whole_list(tables):
    lists = tables["recommendations"]
    assert set(lists["as_of_day"]) == {dt.date(2025, 9, 17), LAST}
    for (day, _), rows in lists.group_by("as_of_day", "user_id"):
        assert sorted(rows["rank"]) == list(range(1, 11)), day
        assert rows.sort("rank")["score"].is_sorted(descending=True)
    active = tables["core_interactions"].filter(pl.col("event_day") <= LAST)["user_id"].unique()
    assert set(lists.filter(pl.col("as_of_day") == LAST)["user_id"]) == set(active)
    reasons = lists.select("because_of", "user_id").explode("because_of").drop_nulls()
    assert reasons.height
    history = tables["core_interactions"].select("user_id", pl.col("item_id").alias("because_of"))
    assert reasons.join(history, on=["user_id", "because_of"], how="anti").is_empty()


def test_metrics_hold_every_model_and_the_oracle(tables):
    metrics = tables["metrics"]
    assert set(metrics["model"]) >= RETRIEVERS | {"recommendations", "oracle"}
    assert metrics.select("as_of_day", "scored_through", "n_test_days").unique().rows() == [
        (dt.date(2025, 9, 17), LAST, 3)
    ]
    ndcg = metrics.filter((pl.col("metric") == "ndcg") & (pl.col("k") == 5) & (pl.col("slice") == "all"))
    values = dict(ndcg.select("model", "value").iter_rows())
    assert max(values, key=values.get) == "oracle"
    assert all(0 < value < 1 for value in values.values())
    assert ((ndcg["ci_low"] <= ndcg["value"]) & (ndcg["value"] <= ndcg["ci_high"])).all()


def test_the_release_names_what_belongs_together(built, definitions):
    release = built.newest_release()
    assert release.as_of_day == LAST
    assert set(release.artifacts) == ARTIFACTS
    for asset, digest in release.artifacts.items():
        manifest = built.artifacts.manifest(asset, digest)
        assert (manifest["asset"], manifest["digest"], manifest["as_of_day"]) == (asset, digest, str(LAST))
    checks = json.loads(built.warehouse.read("SELECT checks FROM releases")["checks"][0])
    every = {key.to_user_string() for key in definitions.resolve_asset_graph().asset_check_keys}
    assert set(checks) == every - {"maintenance:every_release_can_be_read"}
    assert {name for name, word in checks.items() if word != "passed"} == {"raw_events:no_day_is_empty"}
    assert checks["raw_events:no_day_is_empty"] == "warned"
    lists = built.warehouse.read("SELECT count(*) AS n FROM recommendations", snapshot=release.snapshot)
    assert lists["n"][0] > 0
    assert {row["model"] for row in release.metrics} >= RETRIEVERS | {"recommendations", "oracle"}


def test_the_report_is_one_self_contained_page(built):
    digest = built.newest_release().artifacts["evaluation_report"]
    page = (built.artifacts.get("evaluation_report", digest) / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "<svg" in page and "recommendations" in page
    assert "<script" not in page.lower()
    sources = r"""(?:\b(?:src|srcset|action|data)\s*=|<link[^>]*href\s*=|@import|url\()\s*["']?([^"')> ]*)"""
    fetches = re.findall(sources, page)
    assert [address for address in fetches if not address.startswith(("data:", "#"))] == []


def test_late_lines_land_in_their_own_day(built, tables, read_events):
    expected = {}
    for path in sorted((built.folder / "shop/events").iterdir()):
        delivered = dt.date.fromisoformat(path.stem)
        for event in read_events(path):
            stamp = str(event.get("ts"))[:10]
            age = (delivered - dt.date.fromisoformat(stamp)).days if re.fullmatch(r"2025-0[89]-\d\d", stamp) else None
            if age in (1, 2) and stamp >= "2025-09-01":
                expected[event["event_id"]] = (delivered, dt.date.fromisoformat(stamp))
    late = pl.DataFrame(
        [(key, *days) for key, days in expected.items()], schema=["event_id", "source_day", "event_day"], orient="row"
    )
    assert late.height > 50
    on = ["event_id", "source_day", "event_day"]
    assert late.join(tables["raw_events"], on=on, how="anti").is_empty()
    kept = tables["stg_events"].filter(pl.col("filter_reason").is_null()).join(late, on=on, how="semi")
    assert kept.height > 40
    assert kept.join(tables["core_events"], on=on, how="anti").is_empty()
    clicks = kept.filter(pl.col("event_type") == "click")
    counted = ["user_id", "item_id", "event_day"]
    assert clicks.height and clicks.join(tables["core_interactions"], on=counted, how="anti").is_empty()
