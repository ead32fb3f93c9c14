"""What a source would give: counts, reasons with a few examples, and days; nothing is kept or written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from models.events.catalogue import catalogue_pieces
from models.events.chunks import OnProgress, no_progress
from models.events.days import DayRange
from models.events.files import SourceFile
from models.events.read import event_pieces
from models.events.source import CatalogueSource, EventSource

MOST_EXAMPLES: Final = 3
EXAMPLE_CHARACTERS: Final = 100
MOST_TYPES: Final = 1_000
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Example:
    """A rejected line.

    Attributes:
        file: Name of its file.
        line: Its number in the file, from 1.
        detail: What is wrong.
        text: Its first 100 characters, with control characters written out.
    """

    file: str
    line: int
    detail: str
    text: str


@dataclass
class Tally:
    """Counts of a source; its size does not grow with the lines.

    Attributes:
        n_lines: Lines read.
        n_further: Rows beyond the first of a line, where lines are expanded.
        line_scale: What `source_line` is divided by to give the line.
        n_accepted: Records that become rows.
        reasons: Reason -> rejected records.
        examples: Reason -> its first three records.
        days: Event day -> accepted events (none for a catalogue).
        types: Event type -> accepted events, counted until 1,000 types were seen.
    """

    n_lines: int = 0
    n_further: int = 0
    line_scale: int = 1
    n_accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    days: Counter[date] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)

    @property
    def n_rejected(self) -> int:
        """Rejected records of every reason."""
        return self.reasons.total()

    def add(self, n_lines: int, accepted: pl.DataFrame, rejected: pl.DataFrame, n_further: int = 0) -> None:
        """Count a piece of a source."""
        self.n_lines += n_lines
        self.n_further += n_further
        self.n_accepted += accepted.height
        self.reasons.update(dict(rejected["reason"].value_counts().iter_rows()))
        for reason in rejected["reason"].unique().to_list():
            kept = self.examples.setdefault(reason, [])
            rows = rejected.filter(pl.col("reason") == reason).head(MOST_EXAMPLES - len(kept))
            columns = rows.select("source_file", "source_line", "detail", "line")
            kept += [
                Example(file, line // self.line_scale, shown(detail), shown(text))
                for file, line, detail, text in columns.iter_rows()
            ]
        if "event_day" in accepted.columns:
            self.days.update(dict(accepted["event_day"].value_counts().iter_rows()))
        if "event_type" in accepted.columns and len(self.types) < MOST_TYPES:
            self.types.update(dict(accepted["event_type"].value_counts().iter_rows()))

    def check(self) -> None:
        """Every line must be accounted for.

        Raises:
            RuntimeError: Accepted and rejected records are not those read.
        """
        if self.n_accepted + self.n_rejected != self.n_lines + self.n_further:
            accounted = f"{self.n_accepted} accepted + {self.n_rejected} rejected"
            raise RuntimeError(f"{self.n_lines} lines were read, but {accounted} are accounted for")

    def empty_days(self) -> list[date]:
        """Days without an accepted event between the first and the last that has one."""
        if not self.days:
            return []
        first, last = min(self.days), max(self.days)
        return [day for n in range((last - first).days) if (day := first + timedelta(days=n)) not in self.days]


def shown(text: str) -> str:
    """Text cut at 100 characters, control characters (and those that turn the writing direction) written out."""
    written_out = CONTROLS.sub(lambda found: repr(found[0])[1:-1], text[:EXAMPLE_CHARACTERS])
    return written_out[:EXAMPLE_CHARACTERS]


def dry_run_events(
    files: Iterable[SourceFile], source: EventSource, days: DayRange, on_progress: OnProgress = no_progress
) -> Tally:
    """Read an event log as a build would and count."""
    tally = Tally(line_scale=source.line_scale)
    for file in files:
        for piece in event_pieces(file, source, days, on_progress):
            tally.add(*piece)
    tally.check()
    return tally


def dry_run_catalogue(source: CatalogueSource, base: Path, on_progress: OnProgress = no_progress) -> Tally:
    """Read a catalogue as a build would and count."""
    tally = Tally()
    for piece in catalogue_pieces(source, base, on_progress):
        tally.add(*piece)
    tally.check()
    return tally
