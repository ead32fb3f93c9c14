"""The first lines of a file to its layout: format, separator, header, columns."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from models.errors import UserError
from models.events.inference.header import find_header
from models.events.inference.text_encoding import decoded, refuse_utf16

HEAD_LINES: Final = 200
CONSISTENT: Final = 0.9


@dataclass(frozen=True)
class Layout:
    """How a file's bytes become fields.

    Attributes:
        format: As in `sluice.yaml`.
        separator: Between fields; `None` for jsonl and parquet.
        header: Whether the first line names the columns.
        columns: Names in file order; `column_1` and so on without a header; the keys seen for jsonl.
        encoding: Text encoding.
        header_note: Why the header is uncertain, or empty.
    """

    format: str
    separator: str | None
    header: bool
    columns: tuple[str, ...]
    encoding: str = "utf-8"
    header_note: str = ""

    def settings(self) -> dict[str, Any]:
        """The keys of `FileFormat` that this layout sets."""
        found: dict[str, Any] = {"format": self.format, "encoding": self.encoding}
        if self.separator is not None:
            found |= {"separator": self.separator, "header": self.header}
            if not self.header:
                found["column_names"] = self.columns
        return found

    def fits(self, other: Layout) -> bool:
        """Whether another file's layout is this one (columns may have been added or dropped)."""
        if (other.format, other.separator) != (self.format, self.separator):
            return False
        if not self.header:
            return len(other.columns) == len(self.columns)
        shared = len(set(self.columns) & set(other.columns))
        return shared >= 0.5 * max(len(self.columns), len(other.columns))


Rows = list[list[str]]


def _csv_rows(separator: str) -> Callable[[list[str]], Rows]:
    def split(lines: list[str]) -> Rows:
        try:
            return list(csv.reader((line.replace("\r", " ") + "\n" for line in lines), delimiter=separator))
        except csv.Error:
            return [[""]]

    return split


def _dat_rows(separator: str) -> Callable[[list[str]], Rows]:
    return lambda lines: [line.split(separator) for line in lines]


DELIMITED: Final[tuple[tuple[str, str, Callable[[list[str]], Rows]], ...]] = (
    ("dat", "::", _dat_rows("::")),
    ("csv", "\t", _csv_rows("\t")),
    ("tsv", "\t", _dat_rows("\t")),
    ("csv", ",", _csv_rows(",")),
    ("csv", ";", _csv_rows(";")),
    ("csv", "|", _csv_rows("|")),
)
"""Format, separator and splitter that are tried; a new delimited format is one more line."""


def sniff_layout(lines: list[bytes], where: str) -> Layout:
    """Find the layout of a file.

    Args:
        lines: Its first lines, without line endings.
        where: The file, for messages.

    Raises:
        UserError: Neither JSON lines nor a separator fits.
    """
    refuse_utf16(lines[0] if lines else b"", where)
    texts = [decoded(line).removeprefix("\ufeff") for line in lines]
    texts = [text for text in texts if text.strip()]
    if not texts:
        raise UserError("holds no line", where, "Name a file with data.")
    if keys := _json_keys(texts):
        return Layout("jsonl", None, True, keys)
    if texts[0].lstrip().startswith(("[", "{")):
        mend = "Convert it to one JSON object a line, e.g. `jq -c '.[]' in.json > out.jsonl`."
        raise UserError("begins like JSON, but its lines are no JSON objects", where, mend)
    scored = [(_consistency(rows := split(texts)), name, separator, rows) for name, separator, split in DELIMITED]
    score, name, separator, rows = max(scored, key=lambda candidate: candidate[0])
    if score <= 0:
        tried = ", ".join(repr(separator) for _, separator, _ in DELIMITED)
        raise UserError(f"no separator of {tried} splits its lines evenly", where, "Convert it to csv or jsonl.")
    width = len(rows[0])
    header = find_header([row for row in rows if len(row) == width])
    return Layout(name, separator, header.present, header.columns, header_note=header.note)


def _json_keys(texts: list[str]) -> tuple[str, ...]:
    """Top-level keys in order of appearance; none unless most lines are objects."""
    keys: dict[str, None] = {}
    n_objects = 0
    for text in texts:
        try:
            value = orjson.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict):
            n_objects += 1
            keys |= dict.fromkeys(value)
    return tuple(keys) if n_objects > len(texts) / 2 else ()


def _consistency(rows: Rows) -> float:
    """0 where rows differ in width; else more for evener and for wider rows, below 1."""
    widths = Counter(map(len, rows))
    width, n_rows = widths.most_common(1)[0]
    share = n_rows / len(rows)
    return share - 1 / width if width > 1 and share >= CONSISTENT and len(rows[0]) == width else 0.0
