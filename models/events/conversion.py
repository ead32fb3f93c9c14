"""Parsed records to typed canonical columns, with the first problem of every row that has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from models.events.chunks import Chunk, Rejection
from models.events.file_format import FileFormat
from models.events.pieces import as_list
from models.events.times import parse_times
from models.events.values import joined, number_series, text_series, without_currency, without_trailing_zero

TRUTH = {True: "true", False: "false"}

Problem = tuple[str, str]
"""`(reason, detail)`."""


@dataclass
class Converted:
    """The rows of a chunk as columns.

    Attributes:
        columns: Canonical field -> column `[n]`; fields without a source are null.
        chunk: The records they come from.
        problems: Row -> its first problem; rows without one are accepted.
        written: Time field -> what the clock showed, `[n]`; see `Times`.
    """

    columns: dict[str, pl.Series]
    chunk: Chunk
    problems: dict[int, Problem] = field(default_factory=dict)
    written: dict[str, pl.Series] = field(default_factory=dict)

    def reject(self, mask: pl.Series, reason: str, detail: Callable[[int], str] | str) -> None:
        """Give the rows of a boolean mask `[n]` this problem unless they have one already (null counts as false)."""
        for row in mask.arg_true().to_list():
            if row not in self.problems:
                self.problems[row] = reason, detail if isinstance(detail, str) else detail(row)

    def accepted(self) -> pl.DataFrame:
        """The rows without a problem: `source_line` and every canonical field."""
        frame = pl.DataFrame([pl.Series("source_line", self.chunk.lines, dtype=pl.Int64), *self.columns.values()])
        if not self.problems:
            return frame
        keep = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
        return frame.filter(keep.scatter(sorted(self.problems), False))

    def rejections(self) -> list[Rejection]:
        """The rows with a problem, in line order, without those the chunk itself rejected."""
        lines, data = self.chunk.lines, self.chunk.data
        return [Rejection(lines[row], *self.problems[row], data[row]) for row in sorted(self.problems)]


def convert(chunk: Chunk, layout: FileFormat) -> Converted:
    """Convert every canonical field of a chunk.

    Problems found here: `wrong_type`, `nul_byte`, `unreadable_time`, `impossible_time`, `unreadable_number`. Times are
    naive UTC; whether a missing one is a problem is for the caller to say.
    """
    converted = Converted(columns={}, chunk=chunk)
    for name in layout.time_fields:
        _add_time(converted, name, layout)
    for name in layout.text_fields:
        _add_text(converted, name, layout)
    for name in layout.number_fields:
        _add_number(converted, name, layout)
    return converted


def _constant(name: str, value: object, n: int, kind: pl.DataType) -> pl.Series:
    return pl.Series(name, [value], dtype=kind).new_from_index(0, n)


def _add_time(converted: Converted, name: str, layout: FileFormat) -> None:
    if name not in layout.columns:
        converted.columns[name] = _constant(name, None, len(converted.chunk.lines), pl.Datetime("us"))
        return
    values = converted.chunk.values[layout.columns[name]]
    times = parse_times(values, layout)
    converted.columns[name], converted.written[name] = times.at.alias(name), times.written
    read_as = f"{layout.time_format}, {layout.columns[name]}"
    converted.reject(times.unreadable, "unreadable_time", lambda row: f"{values[row]!r} read as {read_as}"[:300])
    converted.reject(times.impossible, "impossible_time", lambda row: f"{values[row]!r} read as {read_as}"[:300])


def _add_text(converted: Converted, name: str, layout: FileFormat) -> None:
    if name not in layout.columns:
        constant = layout.constants.get(name)
        text = None if constant is None else str(constant)
        converted.columns[name] = _constant(name, text, len(converted.chunk.lines), pl.String())
        return
    texts = text_column(converted, layout.columns[name], layout, layout.join_lists.get(name))
    converted.columns[name] = (without_trailing_zero(texts) if name in layout.integer_ids else texts).alias(name)


def text_column(
    converted: Converted, column: str, layout: FileFormat, separator: str | None = None, truth: bool = False
) -> pl.Series:
    """A column of the source as texts `[n]`; rows that are no text, or hold a NUL, get the problem.

    Args:
        converted: Holds the records.
        column: As `columns` names it.
        layout: The format.
        separator: Joins the texts of lists; without it a list is no text.
        truth: Whether truth values are the texts `true` and `false`; else they are no texts.
    """
    values = converted.chunk.values[column]
    if truth:
        values = [TRUTH.get(value, value) if isinstance(value, bool) else value for value in as_list(values)]
    if separator is not None:
        values = [joined(value, separator) for value in as_list(values)]
    texts, wrong = text_series(values, layout.missing_values)
    for row in sorted(wrong):
        converted.problems.setdefault(row, ("wrong_type", f"{column}: {values[row]!r} is no text"[:300]))
    converted.reject(texts.str.contains("\x00", literal=True), "nul_byte", f"{column} holds a NUL character")
    return texts


def _add_number(converted: Converted, name: str, layout: FileFormat) -> None:
    if name not in layout.columns:
        constant = layout.constants.get(name)
        converted.columns[name] = _constant(name, constant, len(converted.chunk.lines), pl.Float64())
        return
    column = layout.columns[name]
    values = converted.chunk.values[column]
    if name == "price" and layout.currency_signs:
        values = [without_currency(value, layout.currency_signs) for value in as_list(values)]
    numbers, unreadable = number_series(values, layout.missing_values)
    converted.reject(unreadable, "unreadable_number", lambda row: f"{column}: {values[row]!r}"[:300])
    converted.columns[name] = numbers.alias(name)
