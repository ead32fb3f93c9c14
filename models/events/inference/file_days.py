"""Whether file names carry the day of their events, and how late events come."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

from models.events.inference.guess import Guess

DAY_PATTERNS: Final = (r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)", r"(?<!\d)(\d{8})(?!\d)")
MOST_LAG_DAYS: Final = 14
ON_TIME: Final = 0.999
DATED: Final = 0.95


def day_pattern_of(names: Sequence[str]) -> str | None:
    """The first pattern that finds a day in every name; `None` where none does."""
    return next((pattern for pattern in DAY_PATTERNS if names and all(_day(name, pattern) for name in names)), None)


def days_of(names: Sequence[str], pattern: str | None) -> list[date | None]:
    """The day of every name."""
    return [_day(name, pattern) if pattern else None for name in names]


def _day(name: str, pattern: str) -> date | None:
    match = re.search(pattern, name)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    return day if day and 1990 <= day.year < 2200 else None


def dated_settings(pattern: str | None, lags: Counter[int]) -> dict[str, Guess]:
    """`day_pattern`, `late_days` and `early_days`, or nothing where file days and event days do not belong together.

    Args:
        pattern: The pattern that finds a day in every file's name.
        lags: File's day minus event day, in days -> events.
    """
    if pattern is None:
        return {}
    n_events = sum(lags.values())
    near = sum(n for lag, n in lags.items() if -MOST_LAG_DAYS <= lag <= MOST_LAG_DAYS)
    if n_events == 0 or near < DATED * n_events:
        return {}
    late, early = _covering(lags, 1), _covering(lags, -1)
    latest, n_too_late = max(0, *lags), sum(n for lag, n in lags.items() if lag > late)
    seen = f"The latest event comes {latest} days after its own day; {n_too_late:,} of {n_events:,} come too late"
    if late < 1:
        note = "Every event lies in the file of its own day; one day is left for stragglers."
    else:
        note = f"{seen} and will be rejected." if n_too_late else f"{seen}."
    settings = {"day_pattern": Guess(pattern), "late_days": Guess(max(1, late), note)}
    if early:
        settings["early_days"] = Guess(early, "Some events lie after their file's day, e.g. in another time zone.")
    return settings


def _covering(lags: Counter[int], sign: int) -> int:
    """The smallest number of days within which nearly all events lie on one side of their file's day."""
    n_events = sum(lags.values())
    for bound in range(MOST_LAG_DAYS):
        if sum(n for lag, n in lags.items() if lag * sign <= bound) >= ON_TIME * n_events:
            return bound
    return MOST_LAG_DAYS
