"""Field values as they stand in a file to text and number columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from types import NoneType
from typing import Any, Final

import polars as pl

from models.events.pieces import Column

EXACT_FLOAT: Final = 2.0**53
WHOLE_NUMBER: Final = r"^([+-]?[0-9]+)\.0+$"


def text_series(values: Column, missing_values: Sequence[str], exact: bool = True) -> tuple[pl.Series, set[int]]:
    """Texts without surrounding white space; numbers and dates are written out, missing values become null.

    Args:
        values: Strings, numbers, dates, datetimes or `None` (an absent key), or a series, `[n]`.
        missing_values: Stripped texts that mean null.
        exact: Refuse floats from 2^53 on: JSON integers of more than 64 bits arrive as such, and two long ids would
            become one.

    Returns:
        The column `[n]`, and the rows whose value is none of these (true, a list, an object, bytes, a number refused
        by `exact`); they are null in the column. A NaN is the text 'nan', by default a missing value.
    """
    wrong: set[int] = set()
    if isinstance(values, pl.Series):
        values = values.cast(pl.String) if _writes_as_python(values.dtype) else values.to_list()
    if not isinstance(values, pl.Series) and not set(map(type, values)) <= {str, NoneType}:
        texts = [_as_text(value, exact) for value in values]
        wrong = {row for row, text in enumerate(texts) if text is None and values[row] is not None}
        values = texts
    stripped = pl.Series(values, dtype=pl.String).str.strip_chars()
    if not stripped.is_in(list(missing_values)).any():
        return stripped, wrong
    return stripped.to_frame("text").select(
        pl.when(~pl.col("text").is_in(list(missing_values))).then(pl.col("text"))
    ).to_series(), wrong


def _writes_as_python(kind: pl.DataType) -> bool:
    """Whether Polars writes the values of a column as `_as_text` does; of floats it does not."""
    return kind == pl.String or kind.is_integer()


def _as_text(value: Any, exact: bool) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return None if exact and isinstance(value, float) and abs(value) >= EXACT_FLOAT else str(value)


def number_series(values: Column, missing_values: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """Numbers, finite or null.

    Returns:
        The column `[n]` float64, and a boolean column: a value was given that is no finite number.
    """
    if _is_numeric(values):
        numbers = pl.Series(values, dtype=pl.Float64, strict=False)
        if numbers.is_finite().all():
            return numbers, pl.repeat(False, len(numbers), dtype=pl.Boolean, eager=True)
    texts, wrong = text_series(values, missing_values, exact=False)
    numbers = texts.cast(pl.Float64, strict=False)
    numbers = pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()
    unreadable = numbers.is_null() & texts.is_not_null()
    if wrong:
        unreadable = unreadable | pl.Series([row in wrong for row in range(len(values))], dtype=pl.Boolean)
    return numbers, unreadable


def _is_numeric(values: Column) -> bool:
    if isinstance(values, pl.Series):
        return values.dtype.is_numeric()
    return set(map(type, values)) <= {int, float, NoneType}


def joined(value: Any, separator: str) -> Any:
    """A list of texts as one text, without empty ones; a list of anything else, and what is no list, as it is."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return value
    return separator.join(filter(None, map(str.strip, value)))


def without_currency(value: Any, signs: Sequence[str]) -> Any:
    """The text of a price without signs around it and commas in it: `$1,299.00` becomes `1299.00`."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    for sign in signs:
        text = text.removeprefix(sign).removesuffix(sign).strip()
    return text.replace(",", "")


def without_trailing_zero(texts: pl.Series) -> pl.Series:
    """Ids that a spreadsheet or pandas turned into floats: `17850.0` becomes `17850`; other texts stay."""
    return texts.str.replace(WHOLE_NUMBER, "${1}")
