"""A file to its records, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from models.events.delimited import DelimitedReader
from models.events.file_format import FileFormat
from models.events.json_lines import JsonReader
from models.events.lines import Block, Line, line_blocks
from models.events.parquet import parquet_pieces
from models.events.pieces import Bulk, Piece, Record, as_list


def file_pieces(path: Path, layout: FileFormat, on_bytes: Callable[[int], None]) -> Iterator[Piece]:
    """Yield a record for every data line or row, many of them together where they are plain.

    Blank lines are records too: they are rejected as `blank_line`, so that accepted and rejected rows add up to the
    lines of the file without its header. So is a later line that repeats the header (files that were concatenated):
    `repeated_header`. A quoted csv record that spans several lines is one record.

    Args:
        path: The file.
        layout: Its format; the values of a record are those of `layout.read_columns()`, in that order (`None` for an
            absent JSON key).
        on_bytes: Called with the bytes of the file read so far.

    Raises:
        OSError: The file cannot be read.
        UserError: It is not of its format; its header lacks a column that `layout` maps, names it twice, or is none of
            recbole's; none of the first 1,000 JSON objects has the key of a required field.
    """
    if layout.format == "parquet":
        return parquet_pieces(path, layout, on_bytes)
    return line_pieces(line_blocks(path, layout.max_line_bytes, on_bytes), layout, str(path))


def line_pieces(lines: Iterable[Block | Line], layout: FileFormat, where: str) -> Iterator[Piece]:
    """The same of the lines of a file, any but parquet; `where` is its name for messages."""
    if layout.format == "jsonl":
        return JsonReader(layout, where).pieces(lines)
    return DelimitedReader(lines, layout, where).pieces()


def file_records(path: Path, layout: FileFormat, on_bytes: Callable[[int], None]) -> Iterator[Record]:
    """The records of a file one at a time; see `file_pieces`."""
    return single_records(file_pieces(path, layout, on_bytes), layout)


def single_records(pieces: Iterable[Piece], layout: FileFormat) -> Iterator[Record]:
    """The records of pieces one at a time."""
    for piece in pieces:
        if not isinstance(piece, Bulk):
            yield piece
            continue
        columns = [as_list(piece.values[name]) for name in layout.read_columns()]
        for number, data, row in zip(piece.lines, piece.data, zip(*columns, strict=True), strict=True):
            yield number, data, row, None, ""
