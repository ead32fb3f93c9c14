"""Logs of shops, GA4, Google Retail, Segment and Amazon Personalize: one line may name many items."""

import json
from datetime import date, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from public_logs import GA4, LONG, rejections

from models.events.days import DayRange
from models.events.files import list_source_files
from models.events.read import read_event_file
from resources.settings import load_project


def test_ga4(events):
    batch = events("ga4")
    rows = batch.accepted.select("user_id", "item_id", "event_type", "price", "quantity").rows()
    assert rows == [
        ("p1", "a", "view_item_list", 2.5, None),
        ("p1", "a", "view_item_list", None, None),
        ("p1", "b", "view_item_list", None, None),
        ("u1", "a", "purchase", 2.5, 2),
        ("u1", LONG, "purchase", None, None),
        ("p1", "b", "purchase", None, None),
        ("p1", None, "page_view", None, None),
        ("p1", "c", "view_item", None, None),
    ]
    assert set(batch.accepted["session_id"]) == {"77"}
    came = [{"key": "device", "value": "mobile"}, {"key": "source", "value": "newsletter"}]
    assert batch.accepted["context"].to_list() == [None] * 3 + [came] * 2 + [None] * 3
    assert batch.accepted["event_at"][0] == datetime(2021, 1, 1, 0, 0, 0, 123_456)
    assert rejections(batch) == [
        ("missing_item", "line 3, entry 1"),
        ("not_an_object", "line 3, entry 2"),
        ("not_an_object", "line 3, entry 3"),
        ("not_a_list", "line 5"),
        ("missing_item", "line 6"),
    ]


def test_ga4_as_parquet_gives_the_same_events(tmp_path, events, invoke):
    expected = events("ga4").accepted.filter(pl.col("source_line") < 3_000_000)
    records = [json.loads(line) for line in GA4.splitlines()[:2]]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "events.parquet")
    assert invoke("init", "events.parquet", "--to", "parquet.yaml").exit_code == 0
    project = load_project(tmp_path / "parquet.yaml")
    assert "country" not in project.settings.events.columns
    (file,) = list_source_files(project.settings.events, project.base)
    found = read_event_file(file, project.settings.events, DayRange(date(2000, 1, 1))).accepted
    assert found.drop("source_file").rows() == expected.drop("source_file").rows()


def test_google_retail(events):
    batch = events("retail")
    rows = batch.accepted.select("user_id", "item_id", "event_type", "quantity", "query").rows()
    assert rows == [
        ("v1", "a", "detail-page-view", None, None),
        ("u9", "a", "add-to-cart", 2, None),
        ("v1", "a", "purchase-complete", 2, None),
        ("v1", "b", "purchase-complete", None, None),
        ("v1", None, "search", None, "lamp"),
    ]
    assert batch.accepted["event_at"][0] == datetime(2026, 2, 1, 10, 0, 0, 123_456)
    assert rejections(batch) == [("missing_item", "line 3, entry 2"), ("not_a_list", "line 5")]


def test_segment(events):
    batch = events("segment")
    rows = batch.accepted.select("event_id", "user_id", "item_id", "event_type", "quantity", "query").rows()
    assert rows == [
        ("m1", "n1", "a", "Product Viewed", None, None),
        ("m2#1", "n1", "a", "Order Completed", 2, None),
        ("m2#2", "n1", "b", "Order Completed", None, None),
        ("m2#1", "n1", "a", "Order Completed", 2, None),
        ("m2#2", "n1", "b", "Order Completed", None, None),
        ("m3", "u1", None, "Products Searched", None, "lamp"),
    ]
    assert rejections(batch) == [
        ("missing_item", "line 2, entry 3"),
        ("missing_item", "line 3, entry 3"),
        ("not_a_list", "line 5"),
    ]


def test_personalize(events):
    batch = events("personalize")
    rows = batch.accepted.select("user_id", "item_id", "event_type", "value").rows()
    shown = [("u1", item, "impression", None) for item in "abc"]
    assert rows == [
        ("u1", "a", "click", None),
        *shown,
        ("u1", "b", "watch", 0.5),
        ("u2", "a", "click", None),
        *[("u2", "b", "impression", None)] * 2,
    ]
    assert rejections(batch) == [("missing_item", "line 4, entry 2")]


def test_personalize_without_optional_columns(tmp_path, monkeypatch, invoke):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\nu1,a,1600000000\nu2,b,1600000001\n")
    assert invoke("init", "log.csv").exit_code == 0
    source = load_project(tmp_path / "sluice.yaml").settings.events
    assert source.expand is None and source.constants == {"event_type": "interaction"}
    assert "2 lines read = 2 accepted + 0 rejected" in invoke("validate").stdout
