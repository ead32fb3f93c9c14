"""What the values of a sampled column look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.events.file_format import MISSING_VALUES

ALSO_MISSING: Final = re.compile(r"N/?A|None|none|\(no [a-z ]+\)|-|\?")
WHOLE: Final = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Profile:
    """A column of a sample.

    Attributes:
        values: Given values, missing ones left out.
        n_rows: Rows of the sample.
        texts: The values as stripped texts.
        distinct: Different texts.
        numbers: Those that are numbers.
        also_missing: Texts that seem to mean 'no value' and are not among the reader's own; left out of `texts`.
        share_scalar: Values that are text or number, not lists, objects, true or false.
    """

    values: list[Any]
    n_rows: int
    texts: list[str]
    distinct: frozenset[str]
    numbers: list[float]
    also_missing: tuple[str, ...]
    share_scalar: float

    @property
    def is_numeric(self) -> bool:
        """Nearly every value is a number."""
        return bool(self.texts) and len(self.numbers) >= 0.99 * len(self.texts)

    @property
    def is_whole(self) -> bool:
        """Every value is written as a whole number."""
        return bool(self.texts) and all(map(WHOLE.fullmatch, self.distinct))

    @property
    def is_identifier(self) -> bool:
        """Short words or whole numbers, more than one of them, not a measurement."""
        if len(self.distinct) < 2 or self.share_scalar < 0.99:
            return False
        if self.is_numeric and not all(number == int(number) for number in self.numbers):
            return False
        return all(len(text) <= 64 and " " not in text for text in self.distinct)

    @property
    def is_row_number(self) -> bool:
        """Whole numbers from 0 or 1 that grow by one, but for a few places (another file begins)."""
        if not self.is_whole or len(self.texts) < 3 or self.numbers[0] not in (0, 1):
            return False
        steps = [later - earlier for earlier, later in zip(self.numbers, self.numbers[1:], strict=False)]
        return steps.count(1) >= 0.99 * len(steps)

    @property
    def is_unique(self) -> bool:
        """No value comes twice."""
        return len(self.distinct) == len(self.texts) > 0

    @property
    def is_prose(self) -> bool:
        """Words with spaces between them in most values."""
        return sum(" " in text for text in self.texts) > 0.5 * len(self.texts)


def profile(values: Sequence[Any]) -> Profile:
    """Look at a column; `None` and the usual words for 'no value' do not count."""
    given = [value for value in values if value is not None and str(value).strip() not in MISSING_VALUES]
    scalars = [value for value in given if isinstance(value, str | int | float) and not isinstance(value, bool)]
    texts = [str(value).strip() for value in given]
    also = tuple(sorted(text for text in set(texts) if ALSO_MISSING.fullmatch(text)))
    texts = [text for text in texts if text not in also]
    numbers = [number for text in texts if (number := _number(text)) is not None]
    share = len(scalars) / len(given) if given else 1.0
    return Profile(given, len(values), texts, frozenset(texts), numbers, also, share)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 and "_" not in text else None
