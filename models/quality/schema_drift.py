"""How a file's columns differ from those of the files before it, and which differences a day must not be read with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from models.events.file_format import FileFormat
from models.events.nested import roots
from models.quality.source_schema import SeenColumn

FEWEST: Final = 20
"""A type, or the absence of a JSON key, is only told from so many values or records on either side."""

USUAL: Final = 0.9
"""A JSON key that so many of the earlier records had a value for is missed when it is gone; rarer keys come and go."""

ALIKE: Final = 0.5
"""How alike (0 to 1) two names have to be for one to be the likely new name of the other."""

UNTOLD: Final = {"mixed", "empty"}
NUMBERS: Final = {"integer", "number"}
TYPED: Final = ("jsonl", "parquet")


class Drift(NamedTuple):
    """One difference.

    Attributes:
        kind: added, dropped, renamed or retyped.
        column: The column; of a renamed one, its old name.
        detail: What it became, in words.
        fails: Whether the file must not be read: the column is one that `sluice.yaml` maps.
    """

    kind: str
    column: str
    detail: str
    fails: bool


def schema_drift(before: Sequence[SeenColumn], now: Sequence[SeenColumn], layout: FileFormat) -> list[Drift]:
    """Compare a file's columns with those of the files of the day before.

    Args:
        before: Columns of the earlier files; empty where there are none, and then nothing has drifted.
        now: Columns of the file; empty where it holds no record.
        layout: Says which columns are mapped, and to what: a mapped column that is dropped, renamed or retyped fails.

    Returns:
        Those that fail first, then by name.
    """
    if not before or not now:
        return []
    old, new = ({column.name: column for column in columns} for columns in (before, now))
    mapped = mapped_columns(layout)
    added = [column for name, column in new.items() if name not in old]
    found = [_dropped(column, added, now, layout, mapped) for name, column in old.items() if name not in new]
    found += [_retyped(column, new[name], layout, mapped) for name, column in old.items() if name in new]
    drifts = [drift for drift in found if drift is not None]
    new_names = {drift.detail for drift in drifts if drift.kind == "renamed"}
    drifts += [Drift("added", each.name, each.type, False) for each in added if _as_name(each.name) not in new_names]
    return sorted(drifts, key=lambda drift: (not drift.fails, drift.column, drift.kind))


def mapped_columns(layout: FileFormat) -> dict[str, set[str]]:
    """Column of the top level -> what `sluice.yaml` reads it as: text, number, time, or list for `expand`."""
    kinds: dict[str, set[str]] = {}
    roles = [(column, _role(field, layout)) for field, column in layout.columns.items()]
    others = set(layout.read_columns()) - set(layout.columns.values())
    for column, role in [*roles, *((name, "text") for name in others)]:
        names = roots(column) if layout.format in TYPED else [column]
        for name in {column, *names}:
            kinds.setdefault(name, set()).add(role)
    return kinds


def _role(field: str, layout: FileFormat) -> str:
    if field in layout.number_fields:
        return "number"
    if field in layout.time_fields:
        return "time"
    return "id" if field in layout.integer_ids else "text"


def _dropped(
    column: SeenColumn, added: list[SeenColumn], now: Sequence[SeenColumn], layout: FileFormat, mapped: Mapping
) -> Drift | None:
    n_records = max(each.n_records for each in now)
    everywhere = column.n_records > 0  # Otherwise not every file of the day before had it.
    enough = min(n_records, column.n_records) >= FEWEST and column.n_values >= USUAL * column.n_records
    if not everywhere or (layout.format == "jsonl" and not enough):
        return None
    fails = column.name in mapped
    likely = likely_new_name(column, added)
    if likely:
        return Drift("renamed", column.name, _as_name(likely), fails)
    return Drift("dropped", column.name, f"was {column.type}", fails)


def _as_name(name: str) -> str:
    return f"likely to {name!r}"


def likely_new_name(column: SeenColumn, added: Sequence[SeenColumn]) -> str | None:
    """Of the columns that came, the one a gone column was most likely renamed to; `None` if none is alike."""
    fitting = [each for each in added if each.type == column.type or UNTOLD & {each.type, column.type}]
    scored = [(_alikeness(column.name, each.name), each.name) for each in fitting]
    score, name = max(scored, default=(0.0, ""))
    return name if score >= ALIKE else None


def _alikeness(one: str, other: str) -> float:
    """0 to 1: the share of letters they have in common, in order; 1 where one's words are all in the other."""
    words, others = _words(one), _words(other)
    if words and others and (words <= others or others <= words):
        return 1.0
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def _words(name: str) -> set[str]:
    """`CustomerID` -> customer, id."""
    return set(re.findall(r"[a-z]+|[0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))


def _retyped(old: SeenColumn, new: SeenColumn, layout: FileFormat, mapped: Mapping[str, set[str]]) -> Drift | None:
    enough = min(old.n_values, new.n_values) >= (1 if layout.format == "parquet" else FEWEST)
    if old.type == new.type or UNTOLD & {old.type, new.type} or not enough:
        return None
    roles = mapped.get(old.name, set())
    numbers = {old.type, new.type} <= NUMBERS
    if numbers and "text" not in roles:
        return None
    if layout.format not in TYPED and not roles & {"number", "time"}:
        return None  # An id of digits in one file and of letters in the next is a text in both.
    if layout.format not in TYPED and new.type == "number" and "time" not in roles:
        return None  # What could not be read as a number before can be now.
    return Drift("retyped", old.name, f"{old.type} became {new.type}", bool(roles))
