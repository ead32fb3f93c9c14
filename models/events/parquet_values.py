"""The values of Parquet columns as JSON would have them, whatever their type and unit."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

FIRST_SECOND: Final = -62_000_000_000
LAST_SECOND: Final = 253_000_000_000
"""Moments outside are moved to these, early in the year 5 and in 9987: Python has no year 0 or 10,000, and all of them
are `impossible_time`."""

MICROS: Final = {"s": 10**6, "ms": 10**3, "us": 1}
DAY_SECONDS: Final = 86_400
DAY_MILLISECONDS: Final = 86_400_000


def plain_values(column: pa.Array) -> list[Any]:
    """The values of a column: dates, times, numbers and lists as Python has them, texts of ids, decimals and bytes."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain_values(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        return list(map(_text_of_id, column.to_pylist())) if kind == pa.uuid() else plain_values(column.storage)
    if pa.types.is_timestamp(kind):
        return moments(column).to_pylist()
    if pa.types.is_date(kind):
        return days_of(column).to_pylist()
    if pa.types.is_decimal(kind):
        return column.cast(pa.string()).to_pylist()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        try:
            return column.to_pylist()
        except UnicodeDecodeError:
            return list(map(_text_if_utf8, column.cast(pa.large_binary()).to_pylist()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return list(map(_text_if_utf8, column.to_pylist()))
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):
        return list(map(_value_or_bytes, column))


def _value_or_bytes(scalar: pa.Scalar) -> Any:
    """A value, or as bytes why Python has none like it: durations and lists may hold times of any year."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError) as error:
        return str(error).encode()


def _text_of_id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _text_if_utf8(value: bytes | None) -> str | bytes | None:
    """Older writers store texts as bytes; what is none stays bytes, which no field takes."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return value


def moments(column: pa.Array) -> pa.Array:
    """Timestamps of any unit in microseconds that Python can hold; the instant in UTC where there is a zone."""
    unit, zone = column.type.unit, "UTC" if column.type.tz else None
    count = column.view(pa.int64())
    if unit == "ns":  # 64 bits of them end in 1677 and 2262
        micros = pc.divide(count, 1_000)
    else:
        per_second = 10**6 // MICROS[unit]
        micros = pc.multiply(_clipped(count, FIRST_SECOND * per_second, LAST_SECOND * per_second), MICROS[unit])
    return micros.view(pa.timestamp("us", zone))


def days_of(column: pa.Array) -> pa.Array:
    """Dates of either width as days that Python can hold."""
    if pa.types.is_date64(column.type):
        days = pc.divide(column.view(pa.int64()), DAY_MILLISECONDS)
    else:
        days = column.view(pa.int32()).cast(pa.int64())
    return _clipped(days, FIRST_SECOND // DAY_SECONDS, LAST_SECOND // DAY_SECONDS).cast(pa.int32()).view(pa.date32())


def _clipped(count: pa.Array, least: int, most: int) -> pa.Array:
    return pc.max_element_wise(pc.min_element_wise(count, most, skip_nulls=False), least, skip_nulls=False)
