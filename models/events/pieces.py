"""What readers hand over: many records as columns, or one that needs a closer look.

A record of its own costs several microseconds, a row of a column a fraction of one. So readers hand over what is plain
in bulk, and the rest one record at a time; both give the same rows (tests/models/events/test_bulk.py compares them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

Record = tuple[int, bytes, Sequence[Any] | None, str | None, str]
"""`(line number, bytes, wanted values or None, reason it was rejected or None, detail)`."""

Column = Sequence[Any] | pl.Series
"""Values of a column as they stand in the file: Python's, or a series."""


@dataclass(frozen=True)
class Bulk:
    """Records that were parsed together.

    Attributes:
        lines: Physical line or row number (from 1) of each, ascending, `[n]`.
        data: Bytes of each, `[n]`; looked at only where a later step rejects the record.
        values: Column of the file -> its values, `[n]`.
    """

    lines: Sequence[int]
    data: Sequence[bytes]
    values: dict[str, Column]


Piece = Bulk | Record


def as_list(column: Column) -> Sequence[Any]:
    """The values of a column as Python has them."""
    return column.to_list() if isinstance(column, pl.Series) else column
