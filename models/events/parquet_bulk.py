"""Rows of a Parquet file as columns, where nothing about them needs a closer look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from models.events.file_format import FileFormat
from models.events.parquet_values import days_of, moments, plain_values
from models.events.pieces import Bulk, Column

WIDEST_BYTE: Final = 6
"""Bytes of JSON that a byte of text can become: a control character is written as six."""

WIDEST_VALUE: Final = 64
"""Bytes of JSON that a number, a date or a time can become, with quotes and comma."""


def json_of(record: Mapping[str, Any]) -> bytes:
    """A row as the JSON object that stands for its bytes."""
    return orjson.dumps(record, default=repr, option=orjson.OPT_NON_STR_KEYS)


class RowsAsJson(Sequence[bytes]):
    """The bytes of every row of a batch, made when they are asked for."""

    def __init__(self, batch: pa.RecordBatch):
        self.batch = batch

    def __len__(self) -> int:
        return self.batch.num_rows

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        row = self.batch.slice(range(len(self))[place], 1)
        return json_of({name: plain_values(row.column(name))[0] for name in row.schema.names})


def plain_rows(batch: pa.RecordBatch, n_before: int, layout: FileFormat) -> Bulk | None:
    """The rows of a batch as columns; `None` where they must be looked at one by one.

    That is so where a column is nested or of a rare type, a text is no UTF-8, or a row may be longer than
    `layout.max_line_bytes`.

    Args:
        batch: Rows `[n]` of the file.
        n_before: How many rows of the file come before them.
        layout: The format.
    """
    if layout.read_columns() != batch.schema.names or not batch.num_rows:
        return None
    values: dict[str, Column] = {}
    most_bytes = 2
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        plain = _plain(column)
        if plain is None:
            return None
        text_bytes = pc.max(pc.binary_length(plain)).as_py() or 0 if _is_text(plain.type) else 0
        most_bytes += WIDEST_BYTE * (text_bytes + len(name.encode())) + WIDEST_VALUE
        values[name] = pl.Series(name, plain)
    if most_bytes > layout.max_line_bytes:
        return None
    return Bulk(range(n_before + 1, n_before + batch.num_rows + 1), RowsAsJson(batch), values)


def _plain(column: pa.Array) -> pa.Array | None:
    """A column of texts, numbers, truth values, dates or times; `None` for any other."""
    kind = column.type
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        return _plain(column.dictionary_decode())
    if _is_text(kind):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            return None
        return column
    if pa.types.is_timestamp(kind):
        return moments(column)
    if pa.types.is_date(kind):
        return days_of(column)
    is_plain = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
    return column if is_plain or pa.types.is_boolean(kind) else None


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
