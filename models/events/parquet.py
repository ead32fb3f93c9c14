"""From a Parquet file to records: one per row, typed values as plain ones, with a reason for every row that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.nested import picker, roots
from models.events.records import Record, refuse_absent_columns

BATCH_ROWS: Final = 8_192
BATCH_BYTES: Final = 1 << 25
READ_BYTES: Final = 1 << 20
MAGIC: Final = b"PAR1"

FIRST_SECOND: Final = -62_000_000_000
LAST_SECOND: Final = 253_000_000_000
"""Moments outside are moved to these, early in the year 5 and in 9987: Python has no year 0 or 10,000, and all of them
are `impossible_time`."""

MICROS: Final = {"s": 10**6, "ms": 10**3, "us": 1}
DAY_SECONDS: Final = 86_400
DAY_MILLISECONDS: Final = 86_400_000


def parquet_records(path: Path, layout: FileFormat, on_bytes: Callable[[int], None]) -> Iterator[Record]:
    """Yield one record for every row, numbered from 1.

    Dates and timestamps arrive as `date` and `datetime` (in UTC where they have a zone), decimals, UUIDs and bytes that
    are UTF-8 as text, everything else as Python has it: the next step treats it like a JSON value. A row's bytes are
    the JSON object of the columns they come from.

    A truncated or damaged file gives the rows before the damage and then one broken record, `corrupt_file`, that
    stands for whatever followed. A batch of rows is held in memory, never a row group.

    Args:
        path: The file.
        layout: The format; the values of a record are those of `layout.read_columns()`, in that order.
        on_bytes: Called with the file's size times the share of its rows that were read.

    Raises:
        UserError: It is no Parquet file, or lacks a column that `layout` maps, or has it twice.
    """
    n_rows = 0
    with open(path, "rb") as raw:
        beginning = raw.peek(4)[:4]
        if not MAGIC.startswith(beginning):
            mend = "Correct `format` or `path` in sluice.yaml."
            raise UserError("is not a Parquet file although `format: parquet` says so", str(path), mend)
        try:
            for batch in _batches(raw, path, layout, on_bytes):
                yield from _records(batch, n_rows, layout)
                n_rows += batch.num_rows
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the decoder's
                raise
            detail = f"the Parquet file is truncated or damaged after row {n_rows}: {str(error)[:200]}"
            yield n_rows + 1, b"", None, "corrupt_file", detail


def _batches(
    raw: BinaryIO, path: Path, layout: FileFormat, on_bytes: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    """Batches of the wanted columns, row group by row group: damage in one leaves those before it whole."""
    file = pq.ParquetFile(raw, buffer_size=READ_BYTES, page_checksum_verification=True)
    names = file.schema_arrow.names
    wanted = list(dict.fromkeys(column for path in layout.read_columns() for column in _columns_of(path, names)))
    mend = "Correct `columns` of this source in sluice.yaml."
    refuse_absent_columns(wanted, names, "its columns are", str(path), mend)
    n_bytes, n_rows, n_read = path.stat().st_size, file.metadata.num_rows, 0
    for group in range(file.metadata.num_row_groups):
        batch_rows = _batch_rows(file.metadata.row_group(group))
        for batch in file.iter_batches(batch_rows, row_groups=[group], columns=wanted):
            n_read += batch.num_rows
            yield batch.select(wanted)
            on_bytes(n_bytes * n_read // max(n_rows, 1))
    if n_read != n_rows:
        raise pa.ArrowInvalid(f"{n_read} rows could be read, its footer says {n_rows}")


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The columns of a Parquet file; none for a file that does not begin like one.

    Raises:
        UserError: It is damaged.
    """
    with open(path, "rb") as raw:
        if raw.read(4) != MAGIC:
            return ()
        try:
            return tuple(pq.read_schema(raw).names)
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            raise UserError("the Parquet file is truncated or damaged", str(path), "Fetch it again.") from None


def _columns_of(path: str, names: list[str]) -> list[str]:
    """The columns of a file that a path reads; where none of them is there, the path, which is then refused."""
    return [path] if path in names else [root for root in roots(path) if root in names] or [path]


def _batch_rows(group: pq.RowGroupMetaData) -> int:
    """How many rows are decoded at once: fewer where they are long."""
    return max(1, min(BATCH_ROWS, BATCH_BYTES * group.num_rows // max(group.total_byte_size, 1)))


def _records(batch: pa.RecordBatch, n_before: int, layout: FileFormat) -> Iterator[Record]:
    names = batch.schema.names
    columns = [_plain_values(column) for column in batch.columns]
    nested = None if layout.read_columns() == names else picker(layout.read_columns())
    for number, row in enumerate(zip(*columns, strict=True), n_before + 1):
        record = dict(zip(names, row, strict=True))
        data = orjson.dumps(record, default=repr, option=orjson.OPT_NON_STR_KEYS)
        if len(data) > layout.max_line_bytes:
            found = f"{len(data)} bytes as JSON; max_line_bytes is {layout.max_line_bytes}"
            yield number, data, None, "line_too_long", found
        else:
            yield number, data, row if nested is None else nested(record), None, ""


def _plain_values(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain_values(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        return list(map(_text_of_id, column.to_pylist())) if kind == pa.uuid() else _plain_values(column.storage)
    if pa.types.is_timestamp(kind):
        return _moments(column).to_pylist()
    if pa.types.is_date(kind):
        return _days(column).to_pylist()
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


def _moments(column: pa.Array) -> pa.Array:
    """Timestamps of any unit in microseconds that Python can hold; the instant in UTC where there is a zone."""
    unit, zone = column.type.unit, "UTC" if column.type.tz else None
    count = column.view(pa.int64())
    if unit == "ns":  # 64 bits of them end in 1677 and 2262
        micros = pc.divide(count, 1_000)
    else:
        per_second = 10**6 // MICROS[unit]
        micros = pc.multiply(_clipped(count, FIRST_SECOND * per_second, LAST_SECOND * per_second), MICROS[unit])
    return micros.view(pa.timestamp("us", zone))


def _days(column: pa.Array) -> pa.Array:
    if pa.types.is_date64(column.type):
        days = pc.divide(column.view(pa.int64()), DAY_MILLISECONDS)
    else:
        days = column.view(pa.int32()).cast(pa.int64())
    return _clipped(days, FIRST_SECOND // DAY_SECONDS, LAST_SECOND // DAY_SECONDS).cast(pa.int32()).view(pa.date32())


def _clipped(count: pa.Array, least: int, most: int) -> pa.Array:
    return pc.max_element_wise(pc.min_element_wise(count, most, skip_nulls=False), least, skip_nulls=False)
