"""A section of a page as plain values: a heading, sentences, bars, a table, plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.reports.rendering import Picture
from models.reports.tables import BarRow, Table


class Section(NamedTuple):
    """What the template prints in this order; what is empty is left out.

    Attributes:
        title: The heading.
        words: Paragraphs, escaped.
        bars: Rows with a bar each.
        table: A table.
        caption: Of the table.
        corner: Head of the table's first column.
        pictures: Plots.
        columns: How many plots stand beside each other where there is room: `one`, `two` or `three`.
        kind: The section's class; `measured` where it shows times of this machine, which no second build repeats.
    """

    title: str
    words: Sequence[str] = ()
    bars: Sequence[BarRow] = ()
    table: Table | None = None
    caption: str = ""
    corner: str = ""
    pictures: Sequence[Picture] = ()
    columns: str = "two"
    kind: str = ""
