"""Public log and catalogue formats that are recognised as a whole, with their mapping.

The fields are those of the formats' public documentation: MIND (msnews.github.io, Wu et al., ACL 2020), EB-NeRD
(recsys.eb.dk, Kruse et al., RecSys Challenge 2024), GA4 BigQuery export (support.google.com/analytics/answer/7029846),
Retail user events (cloud.google.com/retail, UserEvent), Segment e-commerce spec (segment.com/docs), Amazon Personalize
item interactions (docs.aws.amazon.com/personalize), Amazon reviews (jmcauley.ucsd.edu, amazon-reviews-2023.github.io).
"""

from __future__ import annotations

from typing import Any, Final

from models.events.file_format import MISSING_VALUES
from models.events.inference.groups import FileGroup
from models.events.inference.shape import Shape

AMAZON_ITEMS: Final[dict[str, Any]] = {
    "join_lists": {"category": " > ", "description": "\n"},
    "currency_signs": ["$"],
    "missing_values": [*MISSING_VALUES, "None", "—"],
}


def shape_of(group: FileGroup) -> Shape | None:
    """The public format of some files."""
    return next((shape for shape in SHAPES if shape.is_that_of(group)), None)


SHAPES: Final = (
    Shape(
        "MIND behaviors.tsv",
        {
            "columns": {"impression_id": "impression_id", "user_id": "user_id", "event_at": "time"},
            "constants": {"event_type": "impression"},
            "expand": {
                "path": "impressions",
                "separator": " ",
                "place_is_position": True,
                "mark_separator": "-",
                "marks": {"0": None, "1": "click"},
            },
            "time_format": "%m/%d/%Y %I:%M:%S %p",
        },
        names=("impression_id", "user_id", "time", "history", "impressions"),
        looks={"time": r"[0-9/]+ [0-9:]+ [AP]M", "impressions": r"\S*-[01]( .*)?|\s*"},
    ),
    Shape(
        "MIND news.tsv",
        {"columns": {"item_id": "news_id", "title": "title", "description": "abstract", "category": "category"}},
        is_catalogue=True,
        names=(
            *("news_id", "category", "subcategory", "title", "abstract", "url", "title_entities", "abstract_entities"),
        ),
        looks={"news_id": "N[0-9]+", "title_entities": r"\[.*\]|\s*", "abstract_entities": r"\[.*\]|\s*"},
    ),
    Shape(
        "EB-NeRD behaviors.parquet",
        {
            "columns": {
                "impression_id": "impression_id",
                "user_id": "user_id",
                "session_id": "session_id",
                "event_at": "impression_time",
            },
            "constants": {"event_type": "impression"},
            "expand": {
                "path": "article_ids_inview",
                "place_is_position": True,
                "chosen": {"article_ids_clicked": "click"},
            },
        },
        needs=("impression_id", "user_id", "impression_time", "article_ids_inview", "article_ids_clicked"),
    ),
    Shape(
        "EB-NeRD articles.parquet",
        {
            "columns": {
                "item_id": "article_id",
                "title": "title",
                "description": "subtitle",
                "category": "category_str",
                "available_from": "published_time",
            }
        },
        needs=("article_id", "title", "published_time"),
        is_catalogue=True,
    ),
    Shape(
        "the BigQuery export of Google Analytics 4",
        {
            "columns": {
                "user_id": "user_id | user_pseudo_id",
                "event_type": "event_name",
                "event_at": "event_timestamp",
                "session_id": "event_params[key=ga_session_id].value.int_value",
                "query": "event_params[key=search_term].value.string_value",
                "country": "geo.country",
                "currency": "event_params[key=currency].value.string_value",
            },
            "context": {
                "device": "device.category",
                "medium": "traffic_source.medium",
                "source": "traffic_source.source",
            },
            "expand": {
                "path": "items",
                "columns": {
                    "item_id": "item_id",
                    "item_title": "item_name",
                    "price": "price",
                    "quantity": "quantity",
                },
            },
            "missing_values": [*MISSING_VALUES, "(not set)"],
            "time_format": "epoch_microseconds",
        },
        needs=("event_name", "event_timestamp", "user_pseudo_id"),
    ),
    Shape(
        "Google retail user events",
        {
            "columns": {
                "user_id": "userInfo.userId | visitorId",
                "event_type": "eventType",
                "event_at": "eventTime",
                "session_id": "sessionId",
                "query": "searchQuery",
                "user_agent": "userInfo.userAgent",
            },
            "expand": {
                "path": "productDetails",
                "columns": {
                    "item_id": "product.id",
                    "item_title": "product.title",
                    "price": "product.priceInfo.price",
                    "currency": "product.priceInfo.currencyCode",
                    "quantity": "quantity",
                },
            },
        },
        needs=("eventType", "visitorId", "eventTime"),
    ),
    Shape(
        "Segment e-commerce events",
        {
            "columns": {
                "event_id": "messageId",
                "user_id": "userId | anonymousId",
                "event_type": "event",
                "event_at": "timestamp",
                "item_id": "properties.product_id | properties.sku",
                "item_title": "properties.name",
                "price": "properties.price",
                "quantity": "properties.quantity",
                "query": "properties.query",
                "user_agent": "context.userAgent",
                "currency": "properties.currency",
            },
            "context": {
                "device": "context.device.type",
                "medium": "context.campaign.medium",
                "page": "context.page.path",
                "source": "context.campaign.source",
            },
            "expand": {
                "path": "properties.products",
                "columns": {
                    "item_id": "product_id | sku",
                    "item_title": "name",
                    "price": "price",
                    "quantity": "quantity",
                },
            },
            "itemless_event_types": ["search", "Products Searched"],
        },
        needs=("event", "properties", "timestamp"),
    ),
    Shape(
        "Amazon Personalize item interactions",
        {
            "columns": {
                "user_id": "USER_ID",
                "item_id": "ITEM_ID",
                "event_type": "EVENT_TYPE",
                "event_at": "TIMESTAMP",
                "value": "EVENT_VALUE",
            },
            "expand": {"path": "IMPRESSION", "separator": "|", "event_type": "impression", "keep_line": True},
            "time_format": "epoch_seconds",
        },
        needs=("USER_ID", "ITEM_ID", "TIMESTAMP"),
    ),
    Shape(
        "Amazon reviews of 2014 and 2018",
        {
            "columns": {
                "user_id": "reviewerID",
                "item_id": "asin",
                "value": "overall",
                "event_at": "unixReviewTime",
            },
            "constants": {"event_type": "rating"},
            "time_format": "epoch_seconds",
        },
        needs=("reviewerID", "asin", "overall", "unixReviewTime"),
    ),
    Shape(
        "Amazon reviews of 2023",
        {
            "columns": {
                "user_id": "user_id",
                "item_id": "parent_asin | asin",
                "value": "rating",
                "event_at": "timestamp",
            },
            "constants": {"event_type": "rating"},
            "time_format": "epoch_milliseconds",
        },
        needs=("user_id", "asin", "rating", "timestamp"),
    ),
    Shape(
        "Amazon metadata of 2014 and 2018",
        {
            "columns": {
                "item_id": "asin",
                "title": "title",
                "description": "description",
                "category": "category | categories[0]",
                "brand": "brand",
                "price": "price",
            },
            **AMAZON_ITEMS,
        },
        needs=("asin", "title", "price"),
        is_catalogue=True,
    ),
    Shape(
        "Amazon metadata of 2023",
        {
            "columns": {
                "item_id": "parent_asin",
                "title": "title",
                "description": "description",
                "category": "categories | main_category",
                "brand": "store",
                "price": "price",
            },
            **AMAZON_ITEMS,
        },
        needs=("parent_asin", "title", "price", "store"),
        is_catalogue=True,
    ),
)
