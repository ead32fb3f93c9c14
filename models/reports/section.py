"""A section of a page as plain values: a heading, sentences, bars, tables, plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.reports.rendering import Picture
from models.reports.tables import BarRow, Table


class Captioned(NamedTuple):
    """A table with what it says and the head of its first column."""

    table: Table
    caption: str
    corner: str


class Section(NamedTuple):
    """What the template prints in this order; what is empty is left out.

    Attributes:
        title: The heading.
        words: Paragraphs, escaped.
        bars: Rows with a bar each.
        tables: Tables with their captions.
        pictures: Plots, two beside each other where there is room.
        kind: The section's class; `measured` where it shows times of this machine, which no second build repeats.
    """

    title: str
    words: Sequence[str] = ()
    bars: Sequence[BarRow] = ()
    tables: Sequence[Captioned] = ()
    pictures: Sequence[Picture] = ()
    kind: str = ""
