"""What a suite found, as rows and as a table a person reads in the check's metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_MAX_CELL_CHARACTERS = 200
_MAX_SHOWN_EXAMPLES = 3
# Data is shown as it is and makes no table cell, tag, link or image of its own.
_MARKDOWN = str.maketrans(
    {"|": "\\|", "\n": " ", "\r": " ", "<": "&lt;", ">": "&gt;", "`": "'", "*": "\\*", "[": "\\["}
)


def readable(value: Any) -> str:
    """A value for a person: numbers with separators and four significant digits, long texts cut."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{int(value):,}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.4g}"
    text = str(value)
    return text if len(text) <= _MAX_CELL_CHARACTERS else text[: _MAX_CELL_CHARACTERS - 1] + "\u2026"


def _cell(value: Any) -> str:
    return readable(value).translate(_MARKDOWN)


def _line(row: dict[str, Any]) -> str:
    verdict = "holds" if row["success"] else "**FAILS**"
    examples = "<br>".join(_cell(example) for example in row["examples"][:_MAX_SHOWN_EXAMPLES])
    return f"| {verdict} | {_cell(row['meaning'])} | {_cell(row['column'])} | {_cell(row['observed'])} | {examples} |"


@dataclass(frozen=True)
class SuiteResult:
    """What a suite found.

    Attributes:
        name: The suite's name.
        success: Whether every expectation holds.
        rows: One dict per expectation, failed ones first, otherwise in the suite's order: `expectation` (type),
            `column`, `meaning`, `success`, `observed` (text), `unexpected_count` (int or `None`), `limits` (arguments
            it was given, but for columns) and `examples` (texts that name offending rows by their ids).
        n_rows: Rows of the frame.
        validation: What Great Expectations returned, for `models.quality.data_docs`.
    """

    name: str
    success: bool
    rows: list[dict[str, Any]]
    n_rows: int
    validation: Any = field(default=None, repr=False, compare=False)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The rows of the expectations that do not hold."""
        return [row for row in self.rows if not row["success"]]

    @property
    def markdown(self) -> str:
        """A headline and a Markdown table, failed expectations first; safe to show whatever the data holds."""
        held = len(self.rows) - len(self.failed)
        lines = [
            f"{held} of {len(self.rows)} expectations hold on {self.n_rows:,} rows of {_cell(self.name)}.",
            "",
            "| | Expected | Column | Observed | Examples |",
            "|---|---|---|---|---|",
        ]
        return "\n".join([*lines, *(_line(row) for row in self.rows)])
