"""Public log formats from a file to events, by `sluice init` and `sluice validate`."""

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.events.catalogue import read_catalogue
from models.events.days import DayRange
from models.events.files import list_source_files
from models.events.read import read_event_file
from resources.settings import load_project

LONG = "x" * 500


def jsonl(*objects) -> bytes:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in objects).encode()


def parquet(**columns) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


MIND = (
    "1\tU1\t11/15/2019 8:55:22 AM\tN3 N4\tN1-1 N2-0 N5-0\n"
    "2\tU2\t11/15/2019 12:05:00 AM\t\tN2-0 N2-0\n"
    "3\tU2\t11/15/2019 12:05:00 PM\t\t\n"
    f"4\tU3\t11/16/2019 1:00:00 PM\tN1\tN1-7 {LONG}-1  N2-0\n"
    "5\tU3\tsoon\tN1\tN1-0 N2-1\n"
).encode()
NEWS = (
    b'N1\tsports\tgolf\tA "quoted title\tAbout golf\thttps://x/1\t[]\t[]\n'
    b"N2\tnews\tworld\tTwo\t\thttps://x/2\t[]\t[]\n"
    b"N5\tnews\tworld\tFive\tText\thttps://x/5\t[]\t[]\n"
)
AT = datetime(2023, 5, 18, 7, 33, 25)
EBNERD = parquet(
    impression_id=pa.array([1, 2, 3, 4], pa.uint32()),
    article_id=pa.array([None, 7, None, None], pa.int32()),
    impression_time=pa.array([AT] * 4, pa.timestamp("us")),
    read_time=[3.0, 4.0, 5.0, 6.0],
    user_id=pa.array([10, 10, 11, 12], pa.uint32()),
    article_ids_inview=pa.array([[5, 6, 5], [7], None, [8, None]], pa.list_(pa.int32())),
    article_ids_clicked=pa.array([[6], [99], [], []], pa.list_(pa.int32())),
    session_id=pa.array([1, 1, 2, 3], pa.uint32()),
)
ARTICLES = parquet(
    article_id=pa.array([5, 6], pa.int32()),
    title=["Five", "Six"],
    subtitle=["Under five", None],
    category_str=["sport", "krimi"],
    published_time=pa.array([AT] * 2, pa.timestamp("us")),
)


def ga4(name, items, **more):
    micros = 1_609_459_200_123_456
    params = [{"key": "page", "value": {}}, {"key": "ga_session_id", "value": {"int_value": "77"}}]
    return {"event_date": "20210101", "event_timestamp": str(micros), "event_name": name, "event_params": params,
            "user_id": None, "user_pseudo_id": "p1", "items": items} | more  # fmt: skip


GA4 = jsonl(
    ga4("view_item_list", [{"item_id": "a", "price": 2.5, "item_list_index": "0"}, {"item_id": "a"}, {"item_id": "b"}]),
    ga4("purchase", [{"item_id": "a", "price": 2.5, "quantity": 2}, {"item_id": LONG}], user_id="u1"),
    ga4("purchase", [{"item_id": "(not set)"}, None, "a", {"item_id": "b"}]),
    ga4("page_view", []),
    ga4("purchase", "a,b"),
    ga4("view_item", None),
    ga4("view_item", [{"item_id": "c"}]),
)


def retail(kind, products=None, **more):
    event = {"eventType": kind, "visitorId": "v1", "eventTime": "2026-02-01T10:00:00.123456789Z"} | more
    return event if products is None else event | {"productDetails": products}


RETAIL = jsonl(
    retail("detail-page-view", [{"product": {"id": "a"}}]),
    retail("add-to-cart", [{"product": {"id": "a"}, "quantity": 2}], userInfo={"userId": "u9"}),
    retail("purchase-complete", [{"product": {"id": "a"}, "quantity": 2}, {"product": None}, {"product": {"id": "b"}}]),
    retail("search", searchQuery="lamp"),
    retail("purchase-complete", {"product": {"id": "a"}}),
)


def segment(event, number, **properties):
    return {"type": "track", "event": event, "anonymousId": "n1", "messageId": f"m{number}",
            "timestamp": "2026-02-01T10:00:00.123Z", "properties": properties}  # fmt: skip


SEGMENT = jsonl(
    segment("Product Viewed", 1, product_id="a", price=2.5),
    segment("Order Completed", 2, order_id="o1", products=[{"product_id": "a", "quantity": 2}, {"sku": "b"}, {}]),
    segment("Order Completed", 2, order_id="o1", products=[{"product_id": "a", "quantity": 2}, {"sku": "b"}, {}]),
    segment("Products Searched", 3, query="lamp") | {"userId": "u1"},
    segment("Order Completed", 4, products="a"),
)
PERSONALIZE = (
    b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION\n"
    b"u1,a,1600000000,click,,a|b|c\n"
    b"u1,b,1600000001,watch,0.5,\n"
    b"u2,a,1600000002,click,,b||b\n"
)
REVIEWS_2018 = jsonl(
    {"reviewerID": "r1", "asin": "B1", "overall": 5.0, "unixReviewTime": 1_400_000_000},
    {"reviewerID": "r2", "asin": "B1", "overall": "?", "unixReviewTime": 1_400_000_000},
)
ITEMS_2018 = jsonl(
    {"asin": "B1", "title": "One", "price": "$1,299.00", "category": ["Toys", "Cars"], "description": ["Red.", ""]},
    {"asin": "B2", "title": "Two", "price": "", "categories": [["Books", "Art"]], "brand": "Maker"},
    {"asin": "B3", "title": "Three", "price": "$1.00 - $2.00", "category": []},
)
REVIEWS_2023 = jsonl(
    {"rating": 4.0, "user_id": "r1", "asin": "B1x", "parent_asin": "B1", "timestamp": 1_600_000_000_123},
    {"rating": 4.0, "user_id": "r1", "asin": "B2", "timestamp": 1_600_000_000_123},
)
ITEMS_2023 = jsonl(
    {"parent_asin": "B1", "main_category": "Toys", "title": "One", "price": 9.5, "store": "S", "categories": []},
    {"parent_asin": "B2", "main_category": "Toys", "title": "Two", "price": "None", "store": None, "categories": ["A"]},
)

FILES = {
    "mind": {"behaviors.tsv": MIND, "news.tsv": NEWS},
    "ebnerd": {"behaviors.parquet": EBNERD, "articles.parquet": ARTICLES},
    "ga4": {"events.json": GA4},
    "retail": {"user_events.json": RETAIL},
    "segment": {"track.json": SEGMENT},
    "personalize": {"interactions.csv": PERSONALIZE},
    "amazon2018": {"reviews.json": REVIEWS_2018, "meta.json": ITEMS_2018},
    "amazon2023": {"reviews.jsonl": REVIEWS_2023, "meta.jsonl": ITEMS_2023},
}
COUNTS = {
    "mind": "5 lines read and 10 further events of theirs = 9 accepted + 6 rejected",
    "ebnerd": "4 lines read and 5 further events of theirs = 7 accepted + 2 rejected",
    "ga4": "7 lines read and 6 further events of theirs = 8 accepted + 5 rejected",
    "retail": "5 lines read and 2 further events of theirs = 5 accepted + 2 rejected",
    "segment": "5 lines read and 4 further events of theirs = 6 accepted + 3 rejected",
    "personalize": "3 lines read and 6 further events of theirs = 8 accepted + 1 rejected",
    "amazon2018": "2 lines read = 1 accepted + 1 rejected",
    "amazon2023": "2 lines read = 2 accepted + 0 rejected",
}


@pytest.fixture
def drafted(tmp_path: Path, monkeypatch, invoke):
    """Write the files of a shape, draft their config and load it."""

    def draft(shape: str):
        monkeypatch.chdir(tmp_path)
        for name, data in FILES[shape].items():
            (tmp_path / name).write_bytes(data)
        result = invoke("init", *FILES[shape])
        assert result.exit_code == 0, result.output
        return load_project(tmp_path / "sluice.yaml")

    return draft


@pytest.fixture
def events(drafted):
    """The batch of the only event file of a shape."""

    def read(shape: str):
        project = drafted(shape)
        (file,) = list_source_files(project.settings.events, project.base)
        return read_event_file(file, project.settings.events, DayRange(date(2000, 1, 1)))

    return read


def rejections(batch):
    return [(reason, detail.split(":")[0]) for reason, detail in batch.rejected.select("reason", "detail").rows()]


@pytest.mark.parametrize("shape", FILES)
def test_init_recognises_the_format_and_validate_counts_every_entry(drafted, invoke, shape):
    project = drafted(shape)
    assert "Recognised as" in project.path.read_text()
    assert invoke("doctor").exit_code == 0
    result = invoke("validate")
    assert result.exit_code == 0 and COUNTS[shape] in result.stdout


@pytest.mark.parametrize("shape", FILES)
def test_events_of_a_line_have_ids_and_numbers_of_their_own(events, shape):
    batch = events(shape)
    rows = batch.accepted
    assert rows["source_line"].is_unique().all()
    assert rows.select("event_id", line=rows["source_line"] // batch.line_scale).is_unique().all()
    days = batch.by_day()
    assert days["n_lines"].sum() == batch.n_lines and days["n_further"].sum() == batch.n_further
    assert (days["n_accepted"] + days["n_rejected"] == days["n_lines"] + days["n_further"]).all()


def test_mind(events):
    batch = events("mind")
    rows = batch.accepted.select("impression_id", "user_id", "item_id", "event_type", "position").rows()
    assert rows == [
        ("1", "U1", "N1", "impression", 1),
        ("1", "U1", "N1", "click", 1),
        ("1", "U1", "N2", "impression", 2),
        ("1", "U1", "N5", "impression", 3),
        ("2", "U2", "N2", "impression", 1),
        ("2", "U2", "N2", "impression", 2),
        ("4", "U3", LONG, "impression", 2),
        ("4", "U3", LONG, "click", 2),
        ("4", "U3", "N2", "impression", 4),
    ]
    assert batch.accepted["event_at"][0] == datetime(2019, 11, 15, 8, 55, 22)
    assert batch.accepted["event_at"][4] == datetime(2019, 11, 15, 0, 5)
    assert batch.accepted["event_at"][6] == datetime(2019, 11, 16, 13)
    assert batch.accepted["source_line"][:2].to_list() == [1_000_001, 1_500_001]
    assert rejections(batch) == [
        ("missing_item", "line 3"),
        ("unknown_mark", "line 4, entry 1"),
        ("unknown_mark", "line 4, entry 3"),
        ("unreadable_time", "line 5, entry 1"),
        ("unreadable_time", "line 5, entry 2"),
        ("unreadable_time", "line 5, entry 2"),
    ]


def test_mind_news(drafted):
    project = drafted("mind")
    items = read_catalogue(project.settings.catalogue, project.base).items
    assert items.select("item_id", "title", "category").rows()[0] == ("N1", 'A "quoted title', "sports")
    assert items["description"].to_list() == ["About golf", None, "Text"]


def test_ebnerd(events):
    batch = events("ebnerd")
    rows = batch.accepted.select("impression_id", "user_id", "session_id", "item_id", "event_type", "position").rows()
    assert rows == [
        ("1", "10", "1", "5", "impression", 1),
        ("1", "10", "1", "6", "impression", 2),
        ("1", "10", "1", "5", "impression", 3),
        ("1", "10", "1", "6", "click", 2),
        ("2", "10", "1", "7", "impression", 1),
        ("2", "10", "1", "99", "click", None),
        ("4", "12", "3", "8", "impression", 1),
    ]
    assert set(batch.accepted["event_at"]) == {AT}
    assert rejections(batch) == [("missing_item", "line 3"), ("missing_item", "line 4, entry 2")]


def test_ebnerd_articles(drafted):
    project = drafted("ebnerd")
    items = read_catalogue(project.settings.catalogue, project.base).items
    assert items.select("item_id", "category", "description", "available_from").rows() == [
        ("5", "sport", "Under five", AT),
        ("6", "krimi", None, AT),
    ]


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


def test_a_damaged_parquet_file_is_told_and_left_out(tmp_path, drafted, invoke):
    (tmp_path / "old.parquet").write_bytes(EBNERD[:500])
    drafted("ebnerd")
    result = invoke("init", "old.parquet", "behaviors.parquet", "--to", "again.yaml")
    assert result.exit_code == 0 and "old.parquet: the Parquet file is truncated or damaged" in result.stdout


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


@pytest.mark.parametrize(("shape", "time"), [("amazon2018", 1_400_000_000), ("amazon2023", 1_600_000_000.123)])
def test_amazon_reviews(events, shape, time):
    batch = events(shape)
    expected = datetime.fromtimestamp(time, UTC).replace(tzinfo=None)
    assert batch.accepted.select("user_id", "item_id", "event_type", "event_at").row(0) == (
        ("r1", "B1", "rating", expected)
    )
    assert batch.rejected["reason"].to_list() == (["unreadable_number"] if shape == "amazon2018" else [])


def test_amazon_metadata(drafted):
    project = drafted("amazon2018")
    batch = read_catalogue(project.settings.catalogue, project.base)
    assert batch.items.select("item_id", "category", "description", "brand", "price").rows() == [
        ("B1", "Toys > Cars", "Red.", None, 1299.0),
        ("B2", "Books > Art", None, "Maker", None),
    ]
    assert batch.rejected["reason"].to_list() == ["unreadable_number"]


def test_amazon_metadata_of_2023(drafted):
    project = drafted("amazon2023")
    batch = read_catalogue(project.settings.catalogue, project.base)
    assert batch.items.select("item_id", "category", "brand", "price").rows() == [
        ("B1", "Toys", "S", 9.5),
        ("B2", "A", None, None),
    ]


def test_a_log_of_no_public_format_is_guessed_as_before(tmp_path, monkeypatch, invoke):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text("user,item,time\n" + "u1,a,2026-01-01\nu2,b,2026-01-02\n" * 5)
    assert invoke("init", "log.csv").exit_code == 0
    assert "Recognised" not in (tmp_path / "sluice.yaml").read_text()
