"""A file to its records, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from models.events.file_format import FileFormat
from models.events.lines import physical_lines
from models.events.parquet import parquet_records
from models.events.records import Record, read_records


def file_records(path: Path, layout: FileFormat, on_bytes: Callable[[int], None]) -> Iterator[Record]:
    """Yield one record for every data line (see `read_records`) or row (see `parquet_records`).

    Args:
        path: The file.
        layout: Its format; the values of a record are those of `layout.read_columns()`, in that order.
        on_bytes: Called with the bytes of the file read so far.

    Raises:
        OSError: The file cannot be read.
        UserError: It is not of its format, or lacks a mapped column.
    """
    if layout.format == "parquet":
        return parquet_records(path, layout, on_bytes)
    return read_records(physical_lines(path, layout.max_line_bytes, on_bytes), layout, str(path))
