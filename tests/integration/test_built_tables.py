"""What one build writes: every table, described; every line accounted for."""

import datetime as dt
import re

import polars as pl
from built_names import EMPTY, LAST, TABLES

from assets.point_in_time import available, items_known


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


def test_returns_are_matched_and_shown(built, tables):
    from dagster import AssetKey, AssetRecordsFilter

    returns = tables["core_returns"]
    assert returns.filter(pl.col("quantity_matched") > 0).height >= 2
    assert set(returns["purchase_event_day"].drop_nulls()) == {dt.date(2025, 9, 15)}
    wanted = AssetRecordsFilter(asset_key=AssetKey("event_funnel"), asset_partitions=["2025-09-16"])
    (record,) = built.instance().fetch_materializations(wanted, limit=1).records
    shown = record.asset_materialization.metadata["returns"].value
    assert "| all of it |" in shown


def test_nothing_is_learned_from_what_was_returned(built, tables):
    from models.retrieval.interactions import Interactions

    digest = built.newest_release().artifacts["interaction_sequences"]
    learned = Interactions.load(built.artifacts.get("interaction_sequences", digest))
    undone = tables["core_undone_interactions"]
    assert undone.height >= 2
    kept = tables["core_interactions"].height - undone.filter(pl.col("event_id").is_null()).height
    late = tables["core_interactions"].join(tables["core_items"], on="item_id").filter(pl.col("first_seen_on") > LAST)
    assert len(learned.items) == kept - late.height
    weights = tables["core_interactions"]["weight"].sum() - late["weight"].sum()
    assert learned.weights.sum() < weights


def test_a_catalogue_without_days_is_known_as_it_lies_there(built, tables):
    """All but withdrawals, which hold from their day on."""
    known = tables["core_items"].sort("item_id")
    for day in (dt.date(2025, 9, 3), LAST):
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
        gone = pl.when(pl.col("withdrawn_at") < end).then("withdrawn_at").alias("withdrawn_at")
        expected = known.filter(pl.col("first_seen_on") <= day).with_columns(gone)
        found = items_known(built.warehouse, day)
        assert found.select(expected.columns).equals(expected)
        assert available(found).equals(expected["withdrawn_at"].is_null(), check_names=False)
        assert not available(found).all()


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


def test_policies_have_values_or_reasons(tables):
    values = tables["policy_values"]
    assert set(values["as_of_day"]) == {LAST}
    assert set(values["first_day"]) == {LAST - dt.timedelta(days=27)}
    assert (values["value"].is_null() == values["refused_because"].is_not_null()).all()
    answered = values.filter(pl.col("value").is_not_null())
    assert {"logged", "uniform"} <= set(answered["policy"])
    assert ((answered["ci_low"] < answered["value"]) & (answered["value"] < answered["ci_high"])).all()
    logged = values.filter(pl.col("policy") == "logged")
    shown = tables["core_impressions"].filter(pl.col("propensity").is_not_null() & (pl.col("event_day") <= LAST))
    assert logged["n_impressions"].to_list() == [shown.height]
    assert logged["n_clicks"].to_list() == [(shown["click_event_day"] <= LAST).sum()]
