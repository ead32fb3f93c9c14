"""From physical lines to records: JSON lines, one object on each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import orjson

from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.lines import Block, Line
from models.events.nested import is_flat, picker, roots
from models.events.pieces import Bulk, Piece, Record
from models.events.records import BYTE_ORDER_MARK, undecodable

SAMPLED_OBJECTS: Final = 1_000
"""A key that is mapped to a required field and absent from so many objects is a mistake in sluice.yaml."""


class JsonReader:
    """Reads JSON lines.

    Args:
        layout: The format; the values of a record are those of `layout.read_columns()`.
        where: The file, for messages.
    """

    def __init__(self, layout: FileFormat, where: str):
        self.layout = layout
        self.where = where
        self.wanted = layout.read_columns()
        self.nested = None if all(map(is_flat, self.wanted)) else picker(self.wanted)
        self.load: Callable[[bytes], Any] = orjson.loads if layout.encoding == "utf-8" else self._decoded
        self.keys = set[str]()
        self.n_objects = 0

    def pieces(self, lines: Iterable[Block | Line]) -> Iterator[Piece]:
        """Yield the records of every block together, those that are broken alone.

        Raises:
            UserError: None of the first 1,000 objects has the key of a required field.
        """
        for block in lines:
            if not isinstance(block, Block):
                number, line, reason, detail = block
                yield number, line, None, reason, detail
                continue
            numbers, data, objects, broken = self._objects(block)
            yield from broken
            if objects:
                self._sample(objects)
                yield Bulk(numbers, data, self._columns(objects))

    def _decoded(self, data: bytes) -> Any:
        return orjson.loads(data.decode(self.layout.encoding))

    def _objects(self, block: Block) -> tuple[list[int], list[bytes], list[dict[str, Any]], list[Record]]:
        """Line numbers, bytes and objects of the lines that hold one, and the records of those that do not."""
        try:
            objects = list(map(self.load, block.lines))
            if set(map(type, objects)) <= {dict}:
                return list(range(block.first, block.first + len(objects))), block.lines, objects, []
        except ValueError:
            pass
        mark = BYTE_ORDER_MARK.encode()
        numbers, lines, found = [], [], []
        broken: list[Record] = []
        for number, line in enumerate(block.lines, block.first):
            data = line.removeprefix(mark)
            try:
                value = self.load(data)
            except ValueError as error:
                broken.append((number, data, None, *_why_not_json(data, self.layout.encoding, error)))
                continue
            if type(value) is dict:
                numbers.append(number)
                lines.append(data)
                found.append(value)
            else:
                detail = f"a JSON {type(value).__name__}, not an object"
                broken.append((number, data, None, "not_an_object", detail))
        return numbers, lines, found, broken

    def _columns(self, objects: list[dict[str, Any]]) -> dict[str, Any]:
        if self.nested is None:
            return {name: [value.get(name) for value in objects] for name in self.wanted}
        return dict(zip(self.wanted, zip(*map(self.nested, objects), strict=True), strict=True))

    def _sample(self, objects: list[dict[str, Any]]) -> None:
        """Look at the keys of the first objects."""
        if self.n_objects == SAMPLED_OBJECTS:
            return
        for value in objects[: SAMPLED_OBJECTS - self.n_objects]:
            self.keys.update(value)
        self.n_objects = min(self.n_objects + len(objects), SAMPLED_OBJECTS)
        if self.n_objects == SAMPLED_OBJECTS:
            self._check_keys()

    def _check_keys(self) -> None:
        for field in self.layout.required_fields:
            column = self.layout.columns.get(field)
            if column is not None and self.keys.isdisjoint([column, *roots(column)]):
                found = f"none of the first {SAMPLED_OBJECTS} objects has a key {column!r} for {field}"
                listed = ", ".join(map(repr, sorted(self.keys)[:50]))
                raise UserError(f"{found}; their keys are {listed}", self.where, "Correct `columns` in sluice.yaml.")


def _why_not_json(data: bytes, encoding: str, error: ValueError) -> tuple[str, str]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as why:
        return "wrong_encoding", undecodable(why)
    return ("broken_json", str(error)) if text.strip() else ("blank_line", "")
