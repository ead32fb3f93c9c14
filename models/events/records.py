"""What readers of text formats share: the words for what cannot be decoded and for absent columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from models.errors import UserError

BYTE_ORDER_MARK: Final = "\ufeff"
"""Removed before every line: where files were concatenated, each brings its own."""


def undecodable(error: UnicodeDecodeError) -> str:
    """Which byte cannot be decoded."""
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
