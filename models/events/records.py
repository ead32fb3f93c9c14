"""From physical lines to records: splitting text formats, with a reason for every line that is none."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import orjson

from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.lines import Line
from models.events.nested import is_flat, picker, roots

Record = tuple[int, bytes, Sequence[Any] | None, str | None, str]
"""`(line number, bytes, wanted values or None, reason it was rejected or None, detail)`."""

MAX_RECORD_LINES: Final = 100
"""A quoted field that is still open after so many lines is a stray quote."""

SAMPLED_OBJECTS: Final = 1_000
"""A key that is mapped to a required field and absent from so many objects is a mistake in sluice.yaml."""

BYTE_ORDER_MARK: Final = "\ufeff"
"""Removed before every line: where files were concatenated, each brings its own."""

RECBOLE_TYPES: Final = ("token", "token_seq", "float", "float_seq")


def read_records(lines: Iterable[Line], layout: FileFormat, where: str) -> Iterator[Record]:
    """Yield one record for every data line, or for every quoted csv record that spans several lines.

    Blank lines are records too: they are rejected as `blank_line`, so that accepted and rejected rows add up to the
    lines of the file without its header. So is a later line that repeats the header (files that were concatenated):
    `repeated_header`.

    Args:
        lines: Physical lines.
        layout: The format, any but parquet; the values of a record are those of `layout.read_columns()`, in that
            order (`None` for an absent JSON key).
        where: The file, for messages.

    Raises:
        UserError: The header lacks a column that `layout` maps, names it twice, or is none of recbole's; none of the
            first 1,000 JSON objects has the key of a required field.
    """
    if layout.format == "jsonl":
        return _json_records(lines, layout, where)
    return _DelimitedReader(lines, layout, where).records()


def _json_records(lines: Iterable[Line], layout: FileFormat, where: str) -> Iterator[Record]:
    wanted = layout.read_columns()
    nested = None if all(map(is_flat, wanted)) else picker(wanted)
    n_objects, keys = 0, set[str]()
    is_utf8, mark = layout.encoding == "utf-8", BYTE_ORDER_MARK.encode()
    for number, data, reason, detail in lines:
        if reason:
            yield number, data, None, reason, detail
            continue
        data = data.removeprefix(mark)
        try:
            value = orjson.loads(data if is_utf8 else data.decode(layout.encoding))
        except ValueError as error:
            yield number, data, None, *_why_not_json(data, layout.encoding, error)
            continue
        if type(value) is not dict:
            yield number, data, None, "not_an_object", f"a JSON {type(value).__name__}, not an object"
            continue
        if n_objects < SAMPLED_OBJECTS:
            n_objects += 1
            keys.update(value)
            if n_objects == SAMPLED_OBJECTS:
                _check_keys(keys, layout, where)
        yield number, data, list(map(value.get, wanted)) if nested is None else nested(value), None, ""


def _check_keys(keys: set[str], layout: FileFormat, where: str) -> None:
    for field in layout.required_fields:
        column = layout.columns.get(field)
        if column is not None and keys.isdisjoint([column, *roots(column)]):
            found = f"none of the first {SAMPLED_OBJECTS} objects has a key {column!r} for {field}"
            listed = ", ".join(map(repr, sorted(keys)[:50]))
            raise UserError(f"{found}; their keys are {listed}", where, "Correct `columns` in sluice.yaml.")


def _why_not_json(data: bytes, encoding: str, error: ValueError) -> tuple[str, str]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as undecodable:
        return "wrong_encoding", _undecodable(undecodable)
    return ("broken_json", str(error)) if text.strip() else ("blank_line", "")


def _undecodable(error: UnicodeDecodeError) -> str:
    return f"byte 0x{error.object[error.start]:02x} at {error.start} is not {error.encoding}"


def refuse_absent_columns(wanted: Iterable[str], columns: Sequence[str], they_are: str, where: str, mend: str) -> None:
    """Refuse a file that lacks a wanted column or has it twice.

    Raises:
        UserError: It names the columns there are, introduced by `they_are`.
    """
    for column in wanted:
        if columns.count(column) != 1:
            found = f"no column {column!r}" if column not in columns else f"two columns named {column!r}"
            listed = ", ".join(map(repr, columns[:50]))
            raise UserError(f"{found}; {they_are} {listed}", where, mend)


def _names(fields: list[str]) -> list[str]:
    """The column names of a header line."""
    return [name.strip() for name in fields]


class _DelimitedReader:
    """Splits the lines of csv, tsv, dat and recbole; keeps a queue of lines that were looked at too early."""

    def __init__(self, lines: Iterable[Line], layout: FileFormat, where: str):
        self.lines = iter(lines)
        self.layout = layout
        self.where = where
        self.queue: deque[Line] = deque()
        self.quoted = layout.format == "csv"
        self.separator = layout.field_separator()
        self.header: list[str] = []
        # Process-wide, and 128 KiB by default: less than a line may have. `max_line_bytes` is the limit that counts.
        csv.field_size_limit(max(csv.field_size_limit(), layout.max_line_bytes))

    def records(self) -> Iterator[Record]:
        """Yield the records after the header."""
        columns = self.layout.column_names
        pick: Callable[[list[str]], Sequence[str]] | None = None
        if columns is not None:
            pick, self.header = self._picker(list(columns)), list(columns)
        for number, data, fields, reason, detail in self._rows():
            if fields is None:
                yield number, data, None, reason, detail
            elif pick is None:
                self.header = _names(fields)
                pick = self._picker(self._without_types(self.header))
            elif len(fields) != len(self.header):
                found = f"{len(fields)} fields, expected {len(self.header)}"
                yield number, data, None, "wrong_field_count", found
            elif fields[-1].strip() == self.header[-1] and _names(fields) == self.header:
                yield number, data, None, "repeated_header", "the names of the columns once more"
            else:
                yield number, data, pick(fields), None, ""

    def _without_types(self, names: list[str]) -> list[str]:
        """The bare names of a recbole header; other headers are as they stand."""
        if self.layout.format != "recbole":
            return names
        parts = [name.rpartition(":") for name in names]
        for name, part in zip(names, parts, strict=True):
            if part[2] not in RECBOLE_TYPES or not part[0]:
                found = f"the header field {name!r} is not `name:type` with a type of {', '.join(RECBOLE_TYPES)}"
                raise UserError(found, self.where, "Use `format: tsv` for files without types.")
        return [part[0] for part in parts]

    def _picker(self, columns: list[str]) -> Callable[[list[str]], Sequence[str]]:
        """A function that takes the wanted fields out of a row."""
        wanted = self.layout.read_columns()
        mend = "Correct `columns`, `separator` or `header` of this source in sluice.yaml."
        refuse_absent_columns(wanted, columns, "the header holds", self.where, mend)
        places = [columns.index(column) for column in wanted]
        return itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)

    def _next_line(self) -> Line | None:
        return self.queue.popleft() if self.queue else next(self.lines, None)

    def _rows(self) -> Iterator[tuple[int, bytes, list[str] | None, str | None, str]]:
        encoding, separator = self.layout.encoding, self.separator
        while (line := self._next_line()) is not None:
            number, data, reason, detail = line
            if reason:
                yield number, data, None, reason, detail
                continue
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError as error:
                yield number, data, None, "wrong_encoding", _undecodable(error)
                continue
            text = text.removeprefix(BYTE_ORDER_MARK)
            if not text or text.isspace():
                yield number, data, None, "blank_line", ""
            elif self.quoted and '"' in text:
                yield self._quoted_row(number, data, text)
            else:
                yield number, data, text.split(separator), None, ""

    def _quoted_row(self, number: int, data: bytes, text: str) -> tuple[int, bytes, list[str] | None, str | None, str]:
        """Parse a row with quotes, taking more lines while a quoted field is open.

        When that fails, or ends in a row of the wrong width, only the first line is rejected and the others are read
        again on their own: a stray quote costs one line, not the rest of the file.
        """
        taken: list[Line] = []
        reader = csv.reader(self._continued(text, len(data), taken), delimiter=self.separator, strict=True)
        try:
            fields = next(reader)
            if taken and self.header and len(fields) != len(self.header):
                raise csv.Error(f"closed only on line {taken[-1][0]}, in a row of {len(fields)} fields")
        except csv.Error as error:
            self.queue.extendleft(reversed(taken))
            return number, data, None, "unbalanced_quote", str(error)
        return number, b"\n".join([data, *(line[1] for line in taken)]), fields, None, ""

    def _continued(self, text: str, n_bytes: int, taken: list[Line]) -> Iterator[str]:
        yield text + "\n"
        while len(taken) < MAX_RECORD_LINES and (line := self._next_line()) is not None:
            taken.append(line)
            n_bytes += len(line[1])
            try:
                more = line[1].decode(self.layout.encoding)
            except UnicodeDecodeError:
                return
            if line[2] or n_bytes > self.layout.max_line_bytes:
                return
            yield more + "\n"
