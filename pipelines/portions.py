"""Ranges of days cut into runs that fit into memory: a run holds its events."""

import datetime as dt
from collections import defaultdict
from itertools import groupby
from pathlib import Path

import dagster as dg
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from models.events.files import SourceFile
from pipelines.partitions import key_of

MOST_LINES = 10_000_000
"""Lines that one run may read."""
LINE_BYTES = 150
"""Bytes of a line of text, roughly; ten bytes of it become one where it is compressed."""
PACKED = 10


def in_portions(
    ranges: list[tuple[dt.date, dt.date]],
    files: list[SourceFile],
    axis: dg.TimeWindowPartitionsDefinition,
    file_format: str,
) -> list[tuple[dt.date, dt.date]]:
    """Cut ranges of days whose files are too much for the memory of one run, between two partitions.

    Args:
        ranges: First and last days.
        files: All source files; those without a day count for nothing, since every run reads them.
        axis: The partitions of event days.
        file_format: Format of the files.
    """
    lines: dict[dt.date, int] = defaultdict(int)
    for file in files:
        if file.day:
            lines[file.day] += n_lines_about(file.path, file_format)
    portions: list[tuple[dt.date, dt.date]] = []
    for first, last in ranges:
        partitions = groupby(pl.date_range(first, last, eager=True), lambda day: key_of(axis, day))
        begin, until, held = first, first, 0
        for days in (list(days) for _, days in partitions):
            n_lines = sum(lines[day] for day in days)
            if held and held + n_lines > MOST_LINES:
                portions.append((begin, until))
                begin, held = days[0], 0
            until, held = days[-1], held + n_lines
        portions.append((begin, until))
    return portions


def n_lines_about(path: Path, file_format: str) -> int:
    """How many lines a file has: of Parquet what its footer says, of text what its size suggests."""
    if file_format == "parquet":
        try:
            return pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError):
            return 0  # damaged: it becomes one rejected line
    packed = path.suffix.lower() in (".gz", ".zst")
    return path.stat().st_size * (PACKED if packed else 1) // LINE_BYTES
