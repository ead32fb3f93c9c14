"""Which encoding a source's bytes are in: UTF-8 where most lines that tell are, else an 8-bit one."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import UserError
from models.events.inference.guess import Guess

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass
class EncodingVotes:
    """What the lines seen so far say; ASCII lines say nothing.

    Attributes:
        n_utf8: Lines with other than ASCII characters that are UTF-8.
        n_other: Lines that are not UTF-8.
        n_beyond_cp1252: Of those, lines with a byte that Windows-1252 does not have.
    """

    n_utf8: int = 0
    n_other: int = 0
    n_beyond_cp1252: int = 0

    def add(self, line: bytes) -> None:
        """Count a line."""
        if line.isascii():
            return
        if _decodes(line, "utf-8"):
            self.n_utf8 += 1
        else:
            self.n_other += 1
            self.n_beyond_cp1252 += not _decodes(line, "cp1252")

    def encoding(self) -> Guess:
        """The encoding, with a note unless every line is UTF-8."""
        if not self.n_other:
            return Guess("utf-8")
        if self.n_utf8 > self.n_other:
            return Guess(
                "utf-8",
                f"{self.n_other:,} lines are not UTF-8, but {self.n_utf8:,} with accents are: "
                "the others will be rejected as wrong_encoding.",
            )
        name = "iso8859-1" if self.n_beyond_cp1252 else "cp1252"
        return Guess(
            name,
            f"{self.n_other:,} lines are not UTF-8. {name} reads every byte, but so do other 8-bit encodings "
            "(cp1250, cp1251, iso8859-15): look at a title with accents.",
        )


def refuse_utf16(first: bytes, where: str) -> None:
    """Refuse text in which a newline is two bytes.

    Raises:
        UserError: The bytes begin with the mark of UTF-16.
    """
    if first[:2] in UTF16_MARKS:
        raise UserError("is UTF-16 text", where, "Convert it: `iconv -f utf-16 -t utf-8`.")


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def decoded(line: bytes) -> str:
    """A line as text, for looking at its structure."""
    for encoding in ("utf-8", "cp1252"):
        if _decodes(line, encoding):
            return line.decode(encoding)
    return line.decode("latin-1")
