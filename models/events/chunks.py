"""A file in bounded pieces: records parsed, and records that could not be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from models.errors import UserError
from models.events.expand import Expander
from models.events.file_format import FileFormat
from models.events.file_records import file_pieces, single_records
from models.events.lines import KEPT_BYTES
from models.events.pieces import Bulk, Column, Piece, Record, as_list
from models.events.source import EventSource

OnProgress = Callable[[str, int, int], None]
"""Called as `on_progress(file name, bytes read, bytes in the file)`."""

CHUNK_RECORDS: Final = 100_000
LINE_CHARACTERS: Final = 500


def no_progress(what: str, done: int, total: int) -> None:
    """The progress callback that shows nothing."""


@dataclass(frozen=True)
class Rejection:
    """A record that becomes no row."""

    source_line: int
    reason: str
    detail: str
    data: bytes


@dataclass
class Chunk:
    """Some records of a file.

    Attributes:
        lines: Physical line or row number (from 1) of each parsed record, `[n]`; see `LINE_SCALE` for expanded logs.
        data: Bytes of each parsed record, `[n]`, for the rejections later steps make.
        values: Column -> its values in the parsed records, `[n]`.
        rejections: The records that could not be parsed.
        n_further: Records that are further entries of a line that is counted already; 0 without `expand`.
    """

    lines: Sequence[int]
    data: Sequence[bytes]
    values: Mapping[str, Column]
    rejections: list[Rejection] = field(default_factory=list)
    n_further: int = 0

    @property
    def n_records(self) -> int:
        """Parsed and rejected records together."""
        return len(self.lines) + len(self.rejections)

    @property
    def n_lines(self) -> int:
        """Lines (or rows) of the file that begin here."""
        return self.n_records - self.n_further


class _Gathered:
    """Records gathered for a chunk: those handed over one at a time wait in `rows` until columns are wanted."""

    def __init__(self, names: list[str]):
        self.lines: list[int] = []
        self.data: list[bytes] = []
        self.columns: dict[str, list[Any]] = {name: [] for name in names}
        self.rows: list[Sequence[Any]] = []
        self.rejections: list[Rejection] = []

    @property
    def n_records(self) -> int:
        return len(self.lines) + len(self.rejections)

    def add(self, record: Record) -> None:
        number, data, row, reason, detail = record
        if row is None:
            self.rejections.append(Rejection(number, reason or "", detail, data[:KEPT_BYTES]))
            return
        self.lines.append(number)
        self.data.append(data)
        self.rows.append(row)

    def add_bulk(self, bulk: Bulk) -> None:
        self._settle()
        self.lines.extend(bulk.lines)
        self.data.extend(bulk.data)
        for name, column in self.columns.items():
            column.extend(as_list(bulk.values[name]))

    def chunk(self) -> Chunk:
        self._settle()
        return Chunk(self.lines, self.data, self.columns, self.rejections)

    def _settle(self) -> None:
        for column, values in zip(self.columns.values(), zip(*self.rows, strict=True), strict=False):
            column.extend(values)
        self.rows = []


def read_chunks(
    path: Path, layout: FileFormat, on_progress: OnProgress = no_progress, chunk_records: int = CHUNK_RECORDS
) -> Iterator[Chunk]:
    """Read a file in chunks of about `chunk_records` records; an empty file yields none.

    Raises:
        UserError: The file cannot be read, or its header lacks a mapped column.
    """
    try:
        n_bytes = path.stat().st_size
        pieces = file_pieces(path, layout, lambda done: on_progress(path.name, done, n_bytes))
        if isinstance(layout, EventSource) and layout.expand:
            yield from _expanded(pieces, layout, Expander(layout, layout.expand), chunk_records)
        else:
            yield from _chunks(pieces, layout.wanted_columns(), chunk_records)
    except OSError as error:
        found = f"cannot be read: {os.strerror(error.errno or 0)}"
        raise UserError(found, str(path), "Mend the file or its permissions, or `path` in sluice.yaml.") from None


def _chunks(pieces: Iterable[Piece], names: list[str], chunk_records: int) -> Iterator[Chunk]:
    """Pieces gathered into chunks; columns that are series already are a chunk of their own."""
    gathered = _Gathered(names)
    for piece in pieces:
        if not isinstance(piece, Bulk):
            gathered.add(piece)
        elif not any(isinstance(column, pl.Series) for column in piece.values.values()):
            gathered.add_bulk(piece)
        else:
            if gathered.n_records:
                yield gathered.chunk()
                gathered = _Gathered(names)
            yield Chunk(piece.lines, piece.data, piece.values)
        if gathered.n_records >= chunk_records:
            yield gathered.chunk()
            gathered = _Gathered(names)
    if gathered.n_records:
        yield gathered.chunk()


def _expanded(pieces: Iterable[Piece], source: EventSource, expander: Expander, chunk_records: int) -> Iterator[Chunk]:
    """The entries of lines in chunks, each told how many of its records are further entries of a line."""
    records = expander.records(single_records(pieces, source))
    for chunk in _chunks(records, source.flat().wanted_columns(), chunk_records):
        chunk.n_further = chunk.n_records - expander.take_lines()
        yield chunk


def rejected_frame(rejections: list[Rejection], source_file: str, encoding: str) -> pl.DataFrame:
    """The columns `source_file, source_line, reason, detail, line` of rejected rows, in the given order."""
    return pl.DataFrame(
        {
            "source_file": [source_file] * len(rejections),
            "source_line": [rejection.source_line for rejection in rejections],
            "reason": [rejection.reason for rejection in rejections],
            "detail": [rejection.detail for rejection in rejections],
            "line": [_shown(rejection.data, encoding) for rejection in rejections],
        },
        schema={
            "source_file": pl.String(),
            "source_line": pl.Int64(),
            "reason": pl.String(),
            "detail": pl.String(),
            "line": pl.String(),
        },
    )


def _shown(data: bytes, encoding: str) -> str:
    """The first characters of a line, with what cannot be decoded (or stored: NUL) replaced by U+FFFD."""
    return data[:KEPT_BYTES].decode(encoding, "replace").replace("\x00", "\ufffd")[:LINE_CHARACTERS]
