"""Reading times anew where a `TimeRepair` says that the clock showed another zone."""

from __future__ import annotations

import re

import polars as pl

from models.events.conversion import Converted
from models.events.pieces import as_list
from models.events.schema import UTC_INSTANT
from models.events.time_repair import TimeRepair
from models.events.times import zone_to_utc


def repair_times(converted: Converted, repairs: tuple[TimeRepair, ...], file_name: str) -> None:
    """Read the times of the records that a repair is about once more, by the first one; in place.

    `event_at` becomes the instant at which a clock of the repair's zone showed the written time. `written_at` keeps the
    written time of those records and is null elsewhere, so that they can be counted.
    """
    written, at = converted.written["event_at"], converted.columns["event_at"]
    kept = pl.Series([None], dtype=UTC_INSTANT).new_from_index(0, len(at))
    for repair in repairs:
        wanted = _told(repair, converted, file_name) & kept.is_null() & written.is_not_null()
        if wanted.any():
            at = zone_to_utc(written, repair.time_zone).zip_with(wanted, at)
            kept = written.zip_with(wanted, kept)
    converted.columns["event_at"], converted.columns["written_at"] = at.alias("event_at"), kept.alias("written_at")


def _told(repair: TimeRepair, converted: Converted, file_name: str) -> pl.Series:
    """Which records a repair is about, `[n]` bool; an absent value counts as the empty text."""
    pattern, n = re.compile(repair.pattern), len(converted.chunk.lines)
    if repair.column is None:
        return pl.repeat(bool(pattern.search(file_name)), n, dtype=pl.Boolean, eager=True)
    texts = ["" if value is None else str(value) for value in as_list(converted.chunk.values[repair.column])]
    known = {text: bool(pattern.search(text)) for text in set(texts)}
    return pl.Series([known[text] for text in texts], dtype=pl.Boolean)
