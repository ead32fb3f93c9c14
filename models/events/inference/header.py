"""Whether the first row names the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.events.inference.vocabulary import KNOWN_NAMES, normalised

LOOKS_LIKE_A_VALUE = re.compile(r"[+-]?[0-9]+([.,:/ T-][0-9Z+:.]*)*")


@dataclass(frozen=True)
class Header:
    """What the first row is.

    Attributes:
        present: It names the columns.
        columns: Those names, or `column_1`, `column_2`, ...
        note: Why this is uncertain, or empty.
    """

    present: bool
    columns: tuple[str, ...]
    note: str = ""


def find_header(rows: list[list[str]]) -> Header:
    """Decide whether `rows[0]` is a header: no value in it looks like data, and a name is known or the types differ."""
    first = [cell.strip() for cell in rows[0]]
    numbered = tuple(f"column_{place + 1}" for place in range(len(first)))
    if any(LOOKS_LIKE_A_VALUE.fullmatch(cell) for cell in first) or not any(first):
        return Header(False, numbered)
    known = sum(normalised(cell) in KNOWN_NAMES for cell in first)
    if known:
        return Header(True, tuple(first))
    contrast = any(
        all(LOOKS_LIKE_A_VALUE.fullmatch(row[place].strip()) for row in rows[1:]) for place in range(len(first))
    )
    if len(rows) > 1 and contrast:
        return Header(True, tuple(first), "No column name is known, but the first line has no number where others do.")
    note = "The first line holds no known column name and looks like the others; it could be a header all the same."
    return Header(False, numbered, note)
