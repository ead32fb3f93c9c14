"""What one build releases: lists, their metrics, a report, all of one day."""

import datetime as dt
import json
import re

import polars as pl
from built_names import ARTIFACTS, LAST, RETRIEVERS


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


def test_the_report_is_summed_up_in_the_ui(built):
    from dagster import AssetKey

    event = built.instance().get_latest_materialization_event(AssetKey(["evaluation_report"]))
    summary = event.asset_materialization.metadata["summary"].value
    assert summary.startswith("**") and "| NDCG@5 |" in summary and "slices of users and items" in summary
    page = built.artifacts.get("evaluation_report", built.newest_release().artifacts["evaluation_report"])
    headline = summary.split("**")[1]
    assert f"<h2>{headline}</h2>" in (page / "report.html").read_text()
