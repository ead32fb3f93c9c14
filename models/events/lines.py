"""From a file's bytes to its physical lines: line endings, damaged files, and lines too long to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from models.events.compression import Damage, decompressed_blocks

Line = tuple[int, bytes, str | None, str]
"""`(line number from 1, bytes without the line ending, reason it is broken or None, detail)`."""

KEPT_BYTES: Final = 2_000
"""How much of a broken line is kept: 500 characters of at most 4 bytes."""


def physical_lines(path: Path, max_line_bytes: int, on_bytes: Callable[[int], None]) -> Iterator[Line]:
    r"""Yield every line of a plain, gzip or zstd file, ending in `\n` or `\r\n`.

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
        for following in rest:
            number += 1
            yield _line(number, tail, tail_bytes, max_line_bytes)
            tail, tail_bytes = following, len(following)
    if damage:
        yield number + 1, tail[:KEPT_BYTES], *damage
    elif tail_bytes:
        yield _line(number + 1, tail, tail_bytes, max_line_bytes)


def _grown(tail: bytes, tail_bytes: int, more: bytes, max_line_bytes: int) -> tuple[bytes, int]:
    """The unfinished line with more bytes; once it is too long, only its beginning and its length."""
    n_bytes = tail_bytes + len(more)
    if n_bytes <= max_line_bytes:
        return tail + more, n_bytes
    return (tail + more[:KEPT_BYTES])[:KEPT_BYTES], n_bytes


def _line(number: int, data: bytes, n_bytes: int, max_line_bytes: int) -> Line:
    if n_bytes > max_line_bytes:
        return number, data[:KEPT_BYTES], "line_too_long", f"{n_bytes} bytes; max_line_bytes is {max_line_bytes}"
    return number, data[:-1] if data.endswith(b"\r") else data, None, ""
