"""Suites as plain data: what is expected of a frame, in words and in Great Expectations' terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")


class Expectation(NamedTuple):
    """One expectation.

    Attributes:
        type: Great Expectations' name for it, e.g. `expect_column_values_to_not_be_null`.
        kwargs: Its arguments, e.g. `{"column": "user_id", "mostly": 0.9}`.
        meaning: What it asserts, in words a reader of the check understands.
    """

    type: str
    kwargs: Mapping[str, Any]
    meaning: str

    def columns(self) -> list[str]:
        """The columns it looks at; none where it is about the whole frame."""
        named = [self.kwargs[key] for key in COLUMN_ARGUMENTS[:-1] if key in self.kwargs]
        return [*named, *self.kwargs.get("column_list", ())]


@dataclass(frozen=True)
class Suite:
    """Expectations about one frame.

    Attributes:
        name: Name of the suite, e.g. `raw_events`.
        row_ids: Columns that tell a reader which row an example is.
        expectations: What is expected; an expectation without `column*` arguments is about the whole frame.
    """

    name: str
    row_ids: tuple[str, ...]
    expectations: tuple[Expectation, ...]

    def columns(self) -> set[str]:
        """The columns the expectations look at."""
        return {name for expectation in self.expectations for name in expectation.columns()}


def not_null(column: str) -> Expectation:
    """Every row has a value (NaN counts as none)."""
    return Expectation("expect_column_values_to_not_be_null", {"column": column}, f"every row has {column}")


def present(column: str, min_share: float) -> Expectation:
    """At least a share of the rows has a value."""
    return Expectation(
        "expect_column_values_to_not_be_null",
        {"column": column, "mostly": min_share},
        f"at least {min_share:.0%} of the rows have {column}",
    )


def one_of(column: str, values: list[Any], meaning: str) -> Expectation:
    """Every value that is not null is one of `values`."""
    return Expectation("expect_column_values_to_be_in_set", {"column": column, "value_set": values}, meaning)


def between(column: str, low: float | None, high: float | None, meaning: str, **kwargs: Any) -> Expectation:
    """Every value that is not null lies within the bounds, both included."""
    bounds = {"min_value": low, "max_value": high}
    given = {name: value for name, value in bounds.items() if value is not None}
    return Expectation("expect_column_values_to_be_between", {"column": column, **given, **kwargs}, meaning)


def unique(*columns: str) -> Expectation:
    """No two rows agree in these columns."""
    if len(columns) == 1:
        return Expectation("expect_column_values_to_be_unique", {"column": columns[0]}, f"{columns[0]} is unique")
    return Expectation(
        "expect_compound_columns_to_be_unique", {"column_list": list(columns)}, f"({', '.join(columns)}) is unique"
    )


def matches(column: str, pattern: str, meaning: str) -> Expectation:
    """Every value that is not null matches a regular expression."""
    return Expectation("expect_column_values_to_match_regex", {"column": column, "regex": pattern}, meaning)


def at_least_rows(n_rows: int) -> Expectation:
    """The frame has at least this many rows."""
    noun = "row" if n_rows == 1 else "rows"
    kwargs = {"min_value": n_rows}
    return Expectation("expect_table_row_count_to_be_between", kwargs, f"there is at least {n_rows:,} {noun}")


def single_value(column: str) -> Expectation:
    """All rows agree in this column."""
    return Expectation(
        "expect_column_unique_value_count_to_be_between",
        {"column": column, "max_value": 1},
        f"all rows have the same {column}",
    )
