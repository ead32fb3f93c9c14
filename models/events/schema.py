"""Columns of the raw and rejected tables, and the canonical fields a source may fill."""

from __future__ import annotations

from typing import Final

import polars as pl

UTC_INSTANT: Final = pl.Datetime("us")
TEXT_MAP: Final = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))
"""A map of texts to texts, as Arrow has maps."""

EVENT_TEXTS: Final = (
    "event_id",
    "user_id",
    "item_id",
    "event_type",
    "session_id",
    "impression_id",
    "query",
    "user_agent",
    "item_title",
    "country",
    "currency",
)
EVENT_NUMBERS: Final = ("value", "quantity", "price", "position", "propensity")
EVENT_TIMES: Final = ("event_at",)
EVENT_FIELDS: Final = EVENT_TEXTS + EVENT_NUMBERS + EVENT_TIMES

ITEM_TEXTS: Final = ("item_id", "title", "description", "category", "brand")
ITEM_NUMBERS: Final = ("price", "stock")
ITEM_TIMES: Final = ("available_from", "withdrawn_at")
ITEM_FIELDS: Final = ITEM_TEXTS + ITEM_NUMBERS + ITEM_TIMES

RAW_EVENTS: Final = pl.Schema(
    {
        "event_id": pl.String(),
        "user_id": pl.String(),
        "item_id": pl.String(),
        "event_type": pl.String(),
        "event_at": UTC_INSTANT,
        "event_day": pl.Date(),
        "value": pl.Float64(),
        "quantity": pl.Float64(),
        "price": pl.Float64(),
        "session_id": pl.String(),
        "impression_id": pl.String(),
        "position": pl.Int32(),
        "propensity": pl.Float64(),
        "query": pl.String(),
        "user_agent": pl.String(),
        "item_title": pl.String(),
        "country": pl.String(),
        "currency": pl.String(),
        "context": TEXT_MAP,
        "source_file": pl.String(),
        "source_line": pl.Int64(),
        "source_day": pl.Date(),
        "written_at": UTC_INSTANT,
    }
)
REJECTED_EVENTS: Final = pl.Schema(
    {
        "source_file": pl.String(),
        "source_line": pl.Int64(),
        "source_day": pl.Date(),
        "reason": pl.String(),
        "detail": pl.String(),
        "line": pl.String(),
    }
)
RAW_ITEMS: Final = pl.Schema(
    {
        "item_id": pl.String(),
        "title": pl.String(),
        "description": pl.String(),
        "category": pl.String(),
        "brand": pl.String(),
        "price": pl.Float64(),
        "stock": pl.Float64(),
        "available_from": UTC_INSTANT,
        "withdrawn_at": UTC_INSTANT,
        "source_file": pl.String(),
        "source_line": pl.Int64(),
        "source_day": pl.Date(),
    }
)
REJECTED_ITEMS: Final = pl.Schema({name: kind for name, kind in REJECTED_EVENTS.items() if name != "source_day"})
