"""From a file's bytes to its physical lines: line endings, damaged files, and lines too long to hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from models.events.compression import Damage, decompressed_blocks

Line = tuple[int, bytes, str | None, str]
"""`(line number from 1, bytes without the line ending, reason it is broken or None, detail)`."""

KEPT_BYTES: Final = 2_000
"""How much of a broken line is kept: 500 characters of at most 4 bytes."""


class Block(NamedTuple):
    """Consecutive whole lines, none of them broken: the number of the first, and their bytes without line endings."""

    first: int
    lines: list[bytes]


def physical_lines(path: Path, max_line_bytes: int, on_bytes: Callable[[int], None]) -> Iterator[Line]:
    """Yield every line of a file, one at a time; see `line_blocks`."""
    return single_lines(line_blocks(path, max_line_bytes, on_bytes))


def single_lines(blocks: Iterable[Block | Line]) -> Iterator[Line]:
    """The lines of blocks, one at a time."""
    for block in blocks:
        if isinstance(block, Block):
            for number, data in enumerate(block.lines, block.first):
                yield number, data, None, ""
        else:
            yield block


def line_blocks(path: Path, max_line_bytes: int, on_bytes: Callable[[int], None]) -> Iterator[Block | Line]:
    r"""Yield the lines of a plain, gzip or zstd file, ending in `\n` or `\r\n`: blocks of whole ones, and broken ones.

    A damaged compressed file yields all lines before the damage and then one broken line, `truncated_file` or
    `corrupt_file`, that holds the unfinished line and stands for whatever followed.

    Args:
        path: The file.
        max_line_bytes: A longer line is yielded as `line_too_long` with its first bytes; memory stays bounded.
        on_bytes: Called with the bytes of the (compressed) file read so far.

    Raises:
        UserError: The file cannot be opened, or its name says that it is no such file.
    """
    number, tail, tail_bytes = 0, b"", 0
    damage: Damage | None = None
    for block in decompressed_blocks(path, on_bytes):
        if isinstance(block, tuple):
            damage = block
            break
        first, *rest = block.split(b"\n")
        tail, tail_bytes = _grown(tail, tail_bytes, first, max_line_bytes)
        if rest:
            following = rest.pop()
            yield from _whole(number + 1, [tail, *rest], tail_bytes, max_line_bytes)
            number += 1 + len(rest)
            tail, tail_bytes = following, len(following)
    if damage:
        yield number + 1, tail[:KEPT_BYTES], *damage
    elif tail_bytes:
        yield from _whole(number + 1, [tail], tail_bytes, max_line_bytes)


def _grown(tail: bytes, tail_bytes: int, more: bytes, max_line_bytes: int) -> tuple[bytes, int]:
    """The unfinished line with more bytes; once it is too long, only its beginning and its length."""
    n_bytes = tail_bytes + len(more)
    if n_bytes <= max_line_bytes:
        return tail + more, n_bytes
    return (tail + more[:KEPT_BYTES])[:KEPT_BYTES], n_bytes


def _whole(first: int, lines: list[bytes], first_bytes: int, max_line_bytes: int) -> Iterator[Block | Line]:
    """Lines without their carriage returns, broken where one is too long; of the first only the beginning is left."""
    if first_bytes > max_line_bytes:
        yield _too_long(first, lines[0], first_bytes, max_line_bytes)
        first, lines = first + 1, lines[1:]
    if max(map(len, lines), default=0) <= max_line_bytes:
        if lines:
            yield Block(first, _without_returns(lines))
        return
    begun = 0
    for place, line in enumerate(lines):
        if len(line) > max_line_bytes:
            if begun < place:
                yield Block(first + begun, _without_returns(lines[begun:place]))
            yield _too_long(first + place, line, len(line), max_line_bytes)
            begun = place + 1
    if begun < len(lines):
        yield Block(first + begun, _without_returns(lines[begun:]))


def _without_returns(lines: list[bytes]) -> list[bytes]:
    return [line[:-1] if line.endswith(b"\r") else line for line in lines]


def _too_long(number: int, data: bytes, n_bytes: int, max_line_bytes: int) -> Line:
    return number, data[:KEPT_BYTES], "line_too_long", f"{n_bytes} bytes; max_line_bytes is {max_line_bytes}"


class LineQueue:
    """Lines taken one at a time or as what is left of a block; those looked at too early can be put back.

    Args:
        lines: Blocks and single lines, in order.
    """

    def __init__(self, lines: Iterable[Block | Line]):
        self._blocks = iter(lines)
        self._returned: deque[Line] = deque()
        self._block = Block(1, [])
        self._place = 0

    def next_line(self) -> Line | None:
        """The next line, `None` after the last."""
        if self._returned:
            return self._returned.popleft()
        if self._place == len(self._block.lines):
            block = next(self._blocks, None)
            if not isinstance(block, Block):
                return block
            self._block, self._place = block, 0
            return self.next_line()
        self._place += 1
        return self._block.first + self._place - 1, self._block.lines[self._place - 1], None, ""

    def put_back(self, lines: list[Line]) -> None:
        """Lines to be taken again, before all others."""
        self._returned.extendleft(reversed(lines))

    @property
    def n_left(self) -> int:
        """How many lines of the current block were not taken yet; 0 while lines are put back."""
        return 0 if self._returned else len(self._block.lines) - self._place

    @property
    def next_number(self) -> int:
        """The number of the first of them."""
        return self._block.first + self._place

    def rest(self) -> Block:
        """The `n_left` lines."""
        return Block(self.next_number, self._block.lines[self._place :])

    def skip(self, n_lines: int) -> None:
        """Take the first lines of `rest`."""
        self._place += n_lines
