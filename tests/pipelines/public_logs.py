"""A small file or two of every public log format, with one of each mistake that its reader has to notice."""

import io
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

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
            "user_id": None, "user_pseudo_id": "p1", "items": items, "device": None, "traffic_source": None} | more  # fmt: skip


GA4 = jsonl(
    ga4("view_item_list", [{"item_id": "a", "price": 2.5, "item_list_index": "0"}, {"item_id": "a"}, {"item_id": "b"}]),
    ga4(
        "purchase",
        [{"item_id": "a", "price": 2.5, "quantity": 2}, {"item_id": LONG}],
        user_id="u1",
        traffic_source={"source": "newsletter", "medium": "(not set)"},
        device={"category": "mobile"},
    ),  # fmt: skip
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


def rejections(batch):
    return [(reason, detail.split(":")[0]) for reason, detail in batch.rejected.select("reason", "detail").rows()]
