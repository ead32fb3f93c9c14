"""From physical lines to records: csv, tsv, dat and recbole, with a reason for every line that is none."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.lines import Block, Line, LineQueue
from models.events.pieces import Bulk, Column, Piece, Record
from models.events.records import BYTE_ORDER_MARK, refuse_absent_columns, undecodable

MAX_RECORD_LINES: Final = 100
"""A quoted field that is still open after so many lines is a stray quote."""

LEAST_BULK: Final = 32
"""Fewer plain lines in a row are read one at a time."""

STATELESS: Final = ("utf-8", "ascii", "iso8859-1", "cp1252")
"""Encodings in which lines decode together as they do alone."""

RECBOLE_TYPES: Final = ("token", "token_seq", "float", "float_seq")


def _names(fields: list[str]) -> list[str]:
    """The column names of a header line."""
    return [name.strip() for name in fields]


class DelimitedReader:
    """Splits the lines of a delimited file.

    Args:
        lines: Its lines.
        layout: The format; the values of a record are those of `layout.read_columns()`.
        where: The file, for messages.
    """

    def __init__(self, lines: Iterable[Block | Line], layout: FileFormat, where: str):
        self.lines = LineQueue(lines)
        self.layout = layout
        self.where = where
        self.wanted = layout.read_columns()
        self.quoted = layout.format == "csv"
        self.separator = layout.field_separator()
        self.header: list[str] = []
        self.places: list[int] = []
        self.not_plain_before = 0
        # Process-wide, and 128 KiB by default: less than a line may have. `max_line_bytes` is the limit that counts.
        csv.field_size_limit(max(csv.field_size_limit(), layout.max_line_bytes))

    def pieces(self) -> Iterator[Piece]:
        """Yield the records after the header: runs of plain lines together, the others alone.

        Raises:
            UserError: The header lacks a column that `layout` maps, names it twice, or is none of recbole's.
        """
        records = self._records()
        while True:
            if (run := self._plain_run()) and (bulk := self._together(run)):
                self.lines.skip(len(run.lines))
                yield from bulk
            elif (record := next(records, None)) is not None:
                yield record
            else:
                return

    def _plain_run(self) -> Block | None:
        """The lines from here on that need no look at quotes, if they are many and were not tried before."""
        if not self.header or self.lines.n_left < LEAST_BULK or self.layout.encoding not in STATELESS:
            return None
        if self.lines.next_number < self.not_plain_before:
            return None
        rest = self.lines.rest()
        if not self.quoted:
            return rest
        n_plain = next((place for place, line in enumerate(rest.lines) if b'"' in line), len(rest.lines))
        if n_plain < LEAST_BULK:
            self.not_plain_before = rest.first + n_plain + 1
            return None
        return Block(rest.first, rest.lines[:n_plain])

    def _together(self, run: Block) -> list[Piece] | None:
        """The records of a run, those of rejected lines alone; `None` where a line needs a closer look."""
        self.not_plain_before = run.first + len(run.lines)
        try:
            text = b"\n".join(run.lines).decode(self.layout.encoding)
        except UnicodeDecodeError:
            return None
        if BYTE_ORDER_MARK in text:
            return None
        texts = text.split("\n")
        rows = [line.split(self.separator) for line in texts]
        numbers, data = list(range(run.first, run.first + len(rows))), run.lines
        broken: list[Piece] = []
        if self._has_broken(texts, rows):
            judged = [
                self._blank(number, line) if not text or text.isspace() else self._judged(number, line, fields)
                for number, line, text, fields in zip(numbers, data, texts, rows, strict=True)
            ]
            broken = [record for record in judged if record is not None]
            kept = [place for place, record in enumerate(judged) if record is None]
            numbers, data = [numbers[place] for place in kept], [data[place] for place in kept]
            rows = [rows[place] for place in kept]
        if not rows:
            return broken
        columns = list(zip(*rows, strict=True))
        values: dict[str, Column] = {name: columns[place] for name, place in zip(self.wanted, self.places, strict=True)}
        return [*broken, Bulk(numbers, data, values)]

    def _has_broken(self, texts: list[str], rows: list[list[str]]) -> bool:
        """Whether `_judged` would reject one of the rows or a line is blank."""
        if any(map(str.isspace, texts)) or "" in texts or set(map(len, rows)) != {len(self.header)}:
            return True
        last = self.header[-1]
        return any(fields[-1].strip() == last for fields in rows)

    def _records(self) -> Iterator[Record]:
        columns = self.layout.column_names
        if columns is not None:
            self._begin(list(columns), list(columns))
        for number, data, fields, reason, detail in self._rows():
            if fields is None:
                yield number, data, None, reason, detail
            elif not self.header:
                names = _names(fields)
                self._begin(names, self._without_types(names))
            else:
                yield self._judged(number, data, fields) or (number, data, self._pick(fields), None, "")

    def _judged(self, number: int, data: bytes, fields: list[str]) -> Record | None:
        """The rejection of a row, `None` for a good one."""
        if len(fields) != len(self.header):
            return number, data, None, "wrong_field_count", f"{len(fields)} fields, expected {len(self.header)}"
        if fields[-1].strip() == self.header[-1] and _names(fields) == self.header:
            return number, data, None, "repeated_header", "the names of the columns once more"
        return None

    @staticmethod
    def _blank(number: int, data: bytes) -> Record:
        return number, data, None, "blank_line", ""

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

    def _begin(self, header: list[str], columns: list[str]) -> None:
        """Take note of the header as it stands, and of the places of the wanted columns."""
        mend = "Correct `columns`, `separator` or `header` of this source in sluice.yaml."
        refuse_absent_columns(self.wanted, columns, "the header holds", self.where, mend)
        self.header, self.places = header, [columns.index(column) for column in self.wanted]
        several: Callable[[list[str]], Sequence[Any]] = itemgetter(*self.places, 0)  # with one place, no tuple comes
        self._pick = lambda row: several(row)[:-1]

    def _rows(self) -> Iterator[tuple[int, bytes, list[str] | None, str | None, str]]:
        encoding, separator = self.layout.encoding, self.separator
        while (line := self.lines.next_line()) is not None:
            number, data, reason, detail = line
            if reason:
                yield number, data, None, reason, detail
                continue
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError as error:
                yield number, data, None, "wrong_encoding", undecodable(error)
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
            self.lines.put_back(taken)
            return number, data, None, "unbalanced_quote", str(error)
        return number, b"\n".join([data, *(line[1] for line in taken)]), fields, None, ""

    def _continued(self, text: str, n_bytes: int, taken: list[Line]) -> Iterator[str]:
        yield text + "\n"
        while len(taken) < MAX_RECORD_LINES and (line := self.lines.next_line()) is not None:
            taken.append(line)
            n_bytes += len(line[1])
            try:
                more = line[1].decode(self.layout.encoding)
            except UnicodeDecodeError:
                return
            if line[2] or n_bytes > self.layout.max_line_bytes:
                return
            yield more + "\n"
