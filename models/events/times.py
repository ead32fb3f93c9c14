"""Written times to UTC instants, a column at a time.

Local times follow PEP 495 with fold 0: a time that a clock change skips is read with the offset before the change
(01:30 on 27 March 2011 in London is 01:30 UTC), a time that occurs twice is its first occurrence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa

from models.events.file_format import FileFormat
from models.events.pieces import Column
from models.events.schema import UTC_INSTANT
from models.events.values import number_series, text_series

EARLIEST: Final = datetime(1990, 1, 1)
LATEST: Final = datetime(2200, 1, 1)
EPOCH: Final = datetime(1970, 1, 1)

ISO: Final = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?) ?(Z|z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?$"
)
RARER_ISO: Final = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}([Tt ][0-9:.,+Zz -]*)?", re.ASCII)
DATE_LIKE: Final = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
VECTORISED_DIRECTIVES: Final = {"%Y", "%m", "%d", "%H", "%M", "%S", "%I", "%p"}
EPOCH_SCALES: Final = {"epoch_seconds": 1e6, "epoch_milliseconds": 1e3, "epoch_microseconds": 1.0}
"""Microseconds in a unit."""


@dataclass(frozen=True)
class Times:
    """A column of instants and what is wrong with the others; all `[n]`.

    Attributes:
        at: Naive UTC datetimes, null unless readable and possible.
        missing: No time was given.
        unreadable: The text is not a time of the source's format.
        impossible: Before 1990 or from 2200 on.
    """

    at: pl.Series
    missing: pl.Series
    unreadable: pl.Series
    impossible: pl.Series


def parse_times(values: Column, layout: FileFormat) -> Times:
    """Read a column of times as `layout.time_format` and `layout.time_zone` say.

    An offset written in the time (`Z`, `+01:00`, or `%z` of a pattern) goes before the time zone; epoch times are UTC.
    A column of dates or datetimes needs no format; those without an offset are times of the time zone, too.

    Args:
        values: Texts, numbers, or dates and datetimes, as they stand in the file, `[n]`.
        layout: The source.
    """
    micros, offset, missing = _as_written(values, layout)
    possible = (micros >= _micros(EARLIEST)) & (micros < _micros(LATEST))
    naive = pl.select(pl.when(possible).then(micros)).to_series().cast(UTC_INSTANT)
    return Times(
        at=_to_utc(naive, offset, layout.time_zone),
        missing=missing,
        unreadable=~missing & micros.is_null(),
        impossible=~possible.fill_null(True),
    )


def _as_written(values: Column, layout: FileFormat) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Microseconds from 1970 to the time as written, its offset in microseconds (null: none), and what is missing."""
    if isinstance(values, pl.Series) and values.dtype.is_temporal():
        if not any(map(DATE_LIKE.match, layout.missing_values)):
            return _typed(values)
        values = values.to_list()
    texts, wrong = text_series(values, layout.missing_values)
    missing = texts.is_null()
    if wrong:
        missing = missing & ~pl.Series([row in wrong for row in range(len(values))], dtype=pl.Boolean)
    typed = not isinstance(values, pl.Series) and not {date, datetime}.isdisjoint(map(type, values))
    if layout.time_format.startswith("epoch_") and not typed:
        return _epoch_micros(values, layout), pl.repeat(0, len(values), dtype=pl.Int64, eager=True), missing
    naive, offset = _iso(texts) if typed or layout.time_format == "iso" else _strptime(texts, layout.time_format)
    return naive.to_physical().cast(pl.Int64), offset, missing


def _typed(values: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    zone = getattr(values.dtype, "time_zone", None)
    micros = values.cast(pl.Datetime("us", zone)).to_physical()
    return micros, pl.repeat(0 if zone else None, len(values), dtype=pl.Int64, eager=True), values.is_null()


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def _epoch_micros(values: Column, layout: FileFormat) -> pl.Series:
    numbers, _ = number_series(values, layout.missing_values)
    scale = EPOCH_SCALES[layout.time_format]
    bounded = (numbers * scale).clip(-4e18, 4e18)
    return bounded.round().cast(pl.Int64, strict=False)


def _to_utc(naive: pl.Series, offset: pl.Series, time_zone: str) -> pl.Series:
    """Shift by the written offset (microseconds), or by the zone's where there is none."""
    shifted = (naive.to_physical() - offset).cast(UTC_INSTANT)
    local = pl.select(pl.when(offset.is_null()).then(naive)).to_series()
    if local.null_count() == len(local):
        return shifted
    return shifted.zip_with(local.is_null(), local if time_zone == "UTC" else _zone_to_utc(local, time_zone))


def _zone_to_utc(local: pl.Series, time_zone: str) -> pl.Series:
    aware = local.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    utc = aware.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    skipped = (local.is_not_null() & utc.is_null()).arg_true()
    if len(skipped):
        zone = ZoneInfo(time_zone)
        instants = [time.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for time in local[skipped].to_list()]
        utc = utc.scatter(skipped, pl.Series(instants, dtype=UTC_INSTANT))
    return utc


def _iso(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Naive times and written offsets in microseconds (null: none written)."""
    for zone in (None, "UTC"):
        if (quick := _arrow_iso(texts, zone)) is not None:
            return quick, pl.repeat(0 if zone else None, len(texts), dtype=pl.Int64, eager=True)
    parts = texts.str.extract_groups(ISO).struct.unnest()
    day, time, offset = (parts[name] for name in parts.columns)
    short = time.str.len_bytes() == 5
    clock = pl.when(time.is_null()).then(pl.lit("00:00:00")).when(short).then(time + ":00").otherwise(time)
    naive = pl.select(pl.concat_str([day, clock], separator="T")).to_series()
    naive = naive.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    return _with_fallback(texts, naive, _offset_micros(offset), _python_iso)


def _arrow_iso(texts: pl.Series, zone: str | None) -> pl.Series | None:
    """Times that all have an offset (in UTC) or all have none, twenty times faster; `None` where they have not.

    Arrow reads no form that the slower way does not. Times near the earliest and the latest are left to it: whether
    they are possible is asked of the local time.
    """
    try:
        instants = texts.to_arrow().cast(pa.timestamp("us", zone)).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    micros = pl.Series(texts.name, instants, dtype=pl.Int64)
    margin = 86_400_000_000
    if not micros.is_between(_micros(EARLIEST) + margin, _micros(LATEST) - margin).all():
        return None
    return micros.cast(UTC_INSTANT)


def _offset_micros(offset: pl.Series) -> pl.Series:
    if offset.null_count() == len(offset):
        return pl.Series(offset.name, [None], dtype=pl.Int64).new_from_index(0, len(offset))
    table = {}
    for text in offset.drop_nulls().unique().to_list():
        digits = text.upper().replace("Z", "+00").replace(":", "").ljust(5, "0")
        minutes = int(digits[1:3]) * 60 + int(digits[3:5])
        table[text] = minutes * (-60_000_000 if digits[0] == "-" else 60_000_000)
    return offset.replace_strict(table, return_dtype=pl.Int64)


def _python_iso(text: str) -> datetime:
    if not RARER_ISO.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _strptime(texts: pl.Series, pattern: str) -> tuple[pl.Series, pl.Series]:
    offset = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(texts))
    if set(re.findall("%.", pattern)) <= VECTORISED_DIRECTIVES:
        naive = texts.str.to_datetime(pattern, time_unit="us", strict=False)
    else:
        naive = pl.Series([None], dtype=UTC_INSTANT).new_from_index(0, len(texts))
    return _with_fallback(texts, naive, offset, lambda text: datetime.strptime(text, pattern))


def _with_fallback(
    texts: pl.Series, naive: pl.Series, offset: pl.Series, parse: Callable[[str], datetime]
) -> tuple[pl.Series, pl.Series]:
    """Read what the vectorised pass could not, one distinct text at a time."""
    rows = (texts.is_not_null() & naive.is_null()).arg_true()
    if not len(rows):
        return naive, offset
    written = texts[rows]
    table: dict[str, tuple[int | None, int | None]] = {}
    for text in written.unique().to_list():
        try:
            time = parse(text)
        except ValueError:
            table[text] = None, None
            continue
        shift = time.utcoffset()
        shift_micros = None if shift is None else shift // timedelta(microseconds=1)
        table[text] = _micros(time.replace(tzinfo=None)), shift_micros
    found = [table[text] for text in written.to_list()]
    micros = pl.Series([at for at, _ in found], dtype=pl.Int64).cast(UTC_INSTANT)
    return naive.scatter(rows, micros), offset.scatter(rows, pl.Series([shift for _, shift in found], dtype=pl.Int64))
