"""Canonical columns to events: event types, required fields, number ranges and event ids."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import orjson
import polars as pl

from models.events.chunks import Chunk
from models.events.conversion import Converted, convert, text_column
from models.events.pieces import as_list
from models.events.repaired_times import repair_times
from models.events.schema import EVENT_FIELDS, TEXT_MAP
from models.events.source import EventSource

LARGEST_POSITION: Final = 2**31 - 1
ID_BYTES: Final = 16


def event_rows(chunk: Chunk, source: EventSource, file_name: str) -> Converted:
    """Convert a chunk and find the rows that cannot be events, whatever file and day they are in.

    Further problems: `missing_time`, `missing_event_type`, `missing_item`, `impossible_number` (a position that is no
    whole number from 1, a propensity outside (0, 1]). A missing user is no problem: such an event still counts for
    popularity, and the staging model decides about it.
    """
    source = source.flat()
    converted = convert(chunk, source)
    repair_times(converted, source.time_repairs, file_name)
    columns = converted.columns
    columns["event_type"] = _ruled_event_types(chunk, source, columns["event_type"])
    columns["context"] = _context(converted, source)
    converted.reject(columns["event_at"].is_null(), "missing_time", f"no value in {source.columns['event_at']!r}")
    converted.reject(columns["event_type"].is_null(), "missing_event_type", _where_from(source, "event_type"))
    needs_item = ~columns["event_type"].is_in(list(source.itemless_event_types))
    converted.reject(columns["item_id"].is_null() & needs_item, "missing_item", _where_from(source, "item_id"))
    _check_ranges(converted)
    return converted


def _where_from(source: EventSource, field: str) -> str:
    return f"no value in {source.columns[field]!r}" if field in source.columns else "no rule matches"


def _ruled_event_types(chunk: Chunk, source: EventSource, event_types: pl.Series) -> pl.Series:
    """Event types after the rules; a value is matched as it stands in the file, an absent one as the empty text."""
    rules = [(re.compile(rule.pattern), rule.event_type) for rule in source.event_type_rules]
    if not rules:
        return event_types
    known: dict[tuple, str | None] = {}
    ruled = []
    for values in zip(*(as_list(chunk.values[rule.column]) for rule in source.event_type_rules), strict=True):
        key = tuple("" if value is None else str(value) for value in values)
        if key not in known:
            matches = (event_type for (rule, event_type), text in zip(rules, key, strict=True) if rule.search(text))
            known[key] = next(matches, None)
        ruled.append(known[key])
    overriding = pl.Series("event_type", ruled, dtype=pl.String)
    return overriding.zip_with(overriding.is_not_null(), event_types)


def _context(converted: Converted, source: EventSource) -> pl.Series:
    """`[n]` of `TEXT_MAP`, by name; null where the record has none of it."""
    n = len(converted.chunk.lines)
    if not source.context:
        return pl.Series("context", [None], dtype=TEXT_MAP).new_from_index(0, n)
    texts = {name: text_column(converted, source.context[name], source, truth=True) for name in sorted(source.context)}
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String()))
    entries = [pl.struct(key=pl.lit(name), value=pl.col(name)) for name in texts]
    given = pl.concat_list(entries).list.filter(pl.element().struct.field("value").is_not_null())
    return frame.select(pl.when(given.list.len() > 0).then(given).alias("context"))["context"]


def _check_ranges(converted: Converted) -> None:
    position, propensity = converted.columns["position"], converted.columns["propensity"]
    whole = (position == position.floor()) & (position >= 1) & (position <= LARGEST_POSITION)
    converted.reject(~whole, "impossible_number", lambda row: f"position {position[row]} is no whole number from 1")
    converted.columns["position"] = position.cast(pl.Int32, strict=False)
    probable = (propensity > 0) & (propensity <= 1)
    converted.reject(~probable, "impossible_number", lambda row: f"propensity {propensity[row]} is not in (0, 1]")


def with_event_ids(events: pl.DataFrame, id_fields: tuple[str, ...] | None) -> pl.DataFrame:
    """Give every event without an id a digest of its values.

    The digest is BLAKE2b (128 bits, hex) of the JSON object of the fields that have a value, keys sorted, the instant
    as microseconds since the epoch in UTC: equal records share an id wherever they stand, and a field that was never
    filled changes nothing.

    Args:
        events: Rows with every canonical field.
        id_fields: The fields digested; `None` for all but `event_id`.
    """
    absent = events["event_id"].is_null()
    if not absent.any():
        return events
    names = sorted(set(id_fields or (*EVENT_FIELDS, "context")) - {"event_id"})
    values = events.filter(absent).select(pl.col(name).to_physical() for name in names)
    names = [name for name in names if values[name].null_count() < values.height]
    ids = [
        _digest({name: value for name, value in zip(names, row, strict=True) if value is not None})
        for row in values.select(names).iter_rows()
    ]
    event_id = events["event_id"].scatter(absent.arg_true(), pl.Series(ids, dtype=pl.String))
    return events.with_columns(event_id.alias("event_id"))


def _digest(values: dict[str, object]) -> str:
    return hashlib.blake2b(orjson.dumps(values), digest_size=ID_BYTES).hexdigest()
