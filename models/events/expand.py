"""Lines that hold a list to records, one for every event they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from models.events.expansion import FURTHER, LINE_SCALE, Expansion
from models.events.nested import picker
from models.events.pieces import Record
from models.events.source import EventSource


class Expander:
    """Turns the records of lines into those of their entries.

    A line gives at least one record: its entries, numbered from 1; the further events on them (`marks`, `chosen`); and
    itself, as entry 0, where it has no entry, where `keep_line` says so, and where it is rejected as a whole. An entry
    that is no event is a rejected record: `not_an_object`, `unknown_mark`. A list that is something else is a rejected
    line, `not_a_list`, as is one of more than `max_entries`: `too_many_entries`.

    Args:
        source: The log.
        expansion: Its `expand`.
    """

    def __init__(self, source: EventSource, expansion: Expansion):
        self._n_lines = 0
        self.expansion = expansion
        self.missing_values = source.missing_values
        read, wanted, given = source.read_columns(), source.flat().wanted_columns(), expansion.entry_columns()
        fields = {column: field for field, column in given.items()}
        self.list_places = {column: read.index(column) for column in (expansion.path, *expansion.chosen)}
        self.line_values = [_line_value(name, fields.get(name), source, read) for name in wanted]
        self.slots = {field: wanted.index(column) for field, column in given.items()}
        self.entry_slots = [self.slots[field] for field in expansion.columns]
        self.pick = picker(list(expansion.columns.values()))

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records of every line, numbered line x `LINE_SCALE` + entry.

        Args:
            records: Records of lines, with the values of `source.read_columns()`; those yielded have the values of
                `source.flat().wanted_columns()`.
        """
        for number, data, row, reason, detail in records:
            self._n_lines += 1
            if row is None:
                yield number * LINE_SCALE, data, None, reason, detail
                continue
            for entry, values, why, found in self._rows(row):
                yield number * LINE_SCALE + entry, data, values, why, found

    def take_lines(self) -> int:
        """How many lines were begun since this was asked last."""
        n_lines, self._n_lines = self._n_lines, 0
        return n_lines

    def _rows(self, row: Sequence[Any]) -> Iterator[tuple[int, list[Any] | None, str | None, str]]:
        """`(entry, values or None, reason, detail)` of a line."""
        expansion = self.expansion
        lists: dict[str, list[Any]] = {}
        for column, place in self.list_places.items():
            entries = self._list(row[place])
            if entries is None:
                yield 0, None, "not_a_list", f"{column}: {row[place]!r} is no list"[:300]
                return
            lists[column] = entries
        n_entries = max(map(len, lists.values()))
        if n_entries > expansion.max_entries:
            found = f"{n_entries} entries in one list; expand.max_entries is {expansion.max_entries}"
            yield 0, None, "too_many_entries", found
            return
        line = [constant if place is None else row[place] for place, constant in self.line_values]
        if expansion.keep_line or not n_entries:
            yield 0, line, None, ""
        entries = lists.pop(expansion.path)
        for place, entry in enumerate(entries, 1):
            yield from self._entry(line, place, entry)
        if lists:
            yield from self._chosen(line, entries, lists)

    def _list(self, value: Any) -> list[Any] | None:
        """The entries of a list, none where it is missing; `None` where it is no list."""
        if value is None:
            return []
        if isinstance(value, list):
            return value
        if not isinstance(value, str):
            return None
        text = value.strip()
        if text in self.missing_values:
            return []
        return None if self.expansion.separator is None else text.split(self.expansion.separator)

    def _entry(
        self, line: list[Any], place: int, entry: Any
    ) -> Iterator[tuple[int, list[Any] | None, str | None, str]]:
        expansion, values = self.expansion, line.copy()
        if expansion.columns:
            if not isinstance(entry, dict):
                yield place, None, "not_an_object", f"{entry!r} is no object"[:300]
                return
            for slot, value in zip(self.entry_slots, self.pick(entry), strict=True):
                values[slot] = value
        else:
            values[self.slots["item_id"]] = entry
        if expansion.place_is_position:
            values[self.slots["position"]] = place
        if expansion.event_type:
            values[self.slots["event_type"]] = expansion.event_type
        further = None
        if expansion.mark_separator:
            item, _, mark = entry.rpartition(expansion.mark_separator) if isinstance(entry, str) else ("", "", "")
            if mark not in expansion.marks or not item:
                known = ", ".join(map(repr, expansion.marks))
                yield place, None, "unknown_mark", f"{entry!r} does not end in a mark of {known}"[:300]
                return
            values[self.slots["item_id"]], further = item, expansion.marks[mark]
        yield place, values, None, ""
        if further:
            second = values.copy()
            second[self.slots["event_type"]] = further
            yield FURTHER + place, second, None, ""

    def _chosen(
        self, line: list[Any], shown: list[Any], lists: dict[str, list[Any]]
    ) -> Iterator[tuple[int, list[Any] | None, str | None, str]]:
        """Events on the items of further lists, with their place in the shown one."""
        places = {entry: place for place, entry in reversed([*enumerate(shown, 1)]) if isinstance(entry, str | int)}
        number = FURTHER
        for column, entries in lists.items():
            for entry in entries:
                number += 1
                values = line.copy()
                values[self.slots["item_id"]] = entry
                values[self.slots["event_type"]] = self.expansion.chosen[column]
                if self.expansion.place_is_position:
                    values[self.slots["position"]] = places.get(entry) if isinstance(entry, str | int) else None
                yield number, values, None, ""


def _line_value(name: str, field: str | None, source: EventSource, read: list[str]) -> tuple[int | None, Any]:
    """Where a line itself has a value: its place among the columns read, or a constant."""
    if field is None:
        return read.index(name), None
    if field in source.columns:
        return read.index(source.columns[field]), None
    return None, source.constants.get(field)
