"""A day of events as counts: of rows, of values, of categories, and of numbers by bin."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

BINS_PER_OCTAVE: Final = 4
ZERO: Final = -10_000
NEGATIVE: Final = -20_000
"""Numbers from 2^(b/4) on are in bin b; zeros in `ZERO`; negative ones in `NEGATIVE - b`, b being that of the number
without its sign. The order of bins is that of the numbers."""


@dataclass
class DayProfile:
    """Counts of a day, or of several together.

    Attributes:
        n_events: Rows.
        present: Column -> rows with a value.
        categories: Column -> value -> rows.
        numbers: Column -> bin, as text -> rows.
    """

    n_events: int = 0
    present: Counter[str] = field(default_factory=Counter)
    categories: dict[str, Counter[str]] = field(default_factory=dict)
    numbers: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, kind: str, column: str, bucket: str, n: int) -> None:
        """Count a row of `event_profile_daily`."""
        if kind == "events":
            self.n_events += n
        elif kind == "present":
            self.present[column] += n
        else:
            {"category": self.categories, "bin": self.numbers}[kind].setdefault(column, Counter())[bucket] += n

    def __add__(self, other: DayProfile) -> DayProfile:
        """Both days together."""
        total = DayProfile(self.n_events + other.n_events, self.present + other.present)
        for name in ("categories", "numbers"):
            mine, theirs = getattr(self, name), getattr(other, name)
            both = {key: mine.get(key, Counter()) + theirs.get(key, Counter()) for key in {*mine, *theirs}}
            setattr(total, name, both)
        return total


def day_profiles(rows: Iterable[tuple[dt.date, str, str, str, int]]) -> dict[dt.date, DayProfile]:
    """Profiles from rows `(day, kind, column, bucket, n)`."""
    days: dict[dt.date, DayProfile] = {}
    for day, kind, column, bucket, n in rows:
        days.setdefault(day, DayProfile()).add(kind, column, bucket, n)
    return days


def quantile(bins: Counter[str], share: float) -> float | None:
    """About the number that this share of the numbers lies below; `None` without a positive number there."""
    wanted, held = share * bins.total(), 0
    for name in sorted(bins, key=int):
        held += bins[name]
        if held >= wanted:
            place = int(name)
            return 2 ** ((place + 0.5) / BINS_PER_OCTAVE) if place > ZERO / 2 else None
    return None
