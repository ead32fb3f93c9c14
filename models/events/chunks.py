"""A file in bounded pieces: records parsed, and records that could not be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from models.errors import UserError
from models.events.expand import Expander
from models.events.file_format import FileFormat
from models.events.file_records import file_records
from models.events.lines import KEPT_BYTES
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
    """Some consecutive records of a file.

    Attributes:
        lines: Physical line or row number (from 1) of each parsed record, `[n]`; see `LINE_SCALE` for expanded logs.
        data: Bytes of each parsed record, `[n]`, for the rejections later steps make.
        rows: The wanted values of each parsed record, `[n]`.
        rejections: The records that could not be parsed.
        n_further: Records that are further entries of a line that is counted already; 0 without `expand`.
    """

    lines: list[int] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    rows: list[Sequence[Any]] = field(default_factory=list)
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


def read_chunks(
    path: Path, layout: FileFormat, on_progress: OnProgress = no_progress, chunk_records: int = CHUNK_RECORDS
) -> Iterator[Chunk]:
    """Read a file in chunks of `chunk_records` records; an empty file yields none.

    Raises:
        UserError: The file cannot be read, or its header lacks a mapped column.
    """
    chunk, expander = Chunk(), _expander(layout)
    try:
        n_bytes = path.stat().st_size
        records = file_records(path, layout, lambda done: on_progress(path.name, done, n_bytes))
        if expander:
            records = expander.records(records)
        for number, data, row, reason, detail in records:
            if row is None:
                chunk.rejections.append(Rejection(number, reason or "", detail, data[:KEPT_BYTES]))
            else:
                chunk.lines.append(number)
                chunk.data.append(data)
                chunk.rows.append(row)
            if len(chunk.lines) + len(chunk.rejections) >= chunk_records:
                yield _counted(chunk, expander)
                chunk = Chunk()
    except OSError as error:
        found = f"cannot be read: {os.strerror(error.errno or 0)}"
        raise UserError(found, str(path), "Mend the file or its permissions, or `path` in sluice.yaml.") from None
    if chunk.n_records:
        yield _counted(chunk, expander)


def _expander(layout: FileFormat) -> Expander | None:
    return Expander(layout, layout.expand) if isinstance(layout, EventSource) and layout.expand else None


def _counted(chunk: Chunk, expander: Expander | None) -> Chunk:
    """Tell a chunk how many of its records are further entries of a line."""
    if expander:
        chunk.n_further = chunk.n_records - expander.take_lines()
    return chunk


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
