"""Sampled times to the format they are written in, tried with the reader itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.events.inference.sample import Probe
from models.events.times import parse_times

READABLE: Final = 0.95
SECONDS: Final = (631_152_000, 4_102_444_800)
"""1990 to 2100."""

DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y")
MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%m-%d-%y", "%m.%d.%y")
OTHER_DATES: Final = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%m %d, %Y", "%d-%b-%Y", "%d/%b/%Y"),
)
CLOCKS: Final = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ":%H:%M:%S %z")
WHOLE_PATTERNS: Final = (
    *("%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %z %Y"),
    *("%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%d %H:%M:%S UTC"),
)
TRIED_VALUES: Final = 2_000


@dataclass(frozen=True)
class TimeGuess:
    """How a column of times is written.

    Attributes:
        time_format: As in `sluice.yaml`.
        other: The format with day and month exchanged where the values fit both; the whole log has to decide.
        has_offset: Times carry their offset from UTC (or are epoch times).
    """

    time_format: str
    other: str | None = None
    has_offset: bool = False


def guess_time_format(values: Sequence[Any]) -> TimeGuess | None:
    """Find the format of a column of times; `None` where no format reads nearly all of them.

    Args:
        values: Sampled texts or numbers; absent ones left out.
    """
    if any(isinstance(value, bool | list | dict) for value in values):
        return None
    distinct = list(dict.fromkeys(values))
    if len(distinct) > TRIED_VALUES:
        distinct = distinct[:: -(-len(distinct) // TRIED_VALUES)]
    if not distinct:
        return None
    if epoch := _epoch(distinct):
        return epoch
    if not any(re.search("[0-9]", str(value)) for value in distinct[:20]):
        return None
    if readable_share(distinct, "iso") >= READABLE:
        has_offset = all(re.search(r"[0-9](Z|z|[+-][0-9:]{2,6})$", str(value)[10:]) for value in distinct)
        return TimeGuess("iso", has_offset=has_offset)
    return _pattern(distinct)


def _epoch(values: list[Any]) -> TimeGuess | None:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    for name, scale in (("epoch_seconds", 1), ("epoch_milliseconds", 1000), ("epoch_microseconds", 10**6)):
        inside = sum(SECONDS[0] * scale <= number < SECONDS[1] * scale for number in numbers)
        if inside >= READABLE * len(numbers):
            return TimeGuess(name, has_offset=True)
    return None


def _pattern(values: list[Any]) -> TimeGuess | None:
    pairs = [*zip(DAY_FIRST, MONTH_FIRST, strict=True), *((date, None) for date in OTHER_DATES)]
    first = values[:50]
    for one, two in pairs:
        for clock in CLOCKS:
            shares = {
                date + clock: readable_share(values, date + clock)
                for date in (one, two)
                if date and readable_share(first, date + clock) > 0
            }
            best = max(shares, key=lambda pattern: shares[pattern], default="")
            if not best or shares[best] < READABLE:
                continue
            rival = next((pattern for pattern in shares if pattern != best and shares[pattern] == shares[best]), None)
            return TimeGuess(best, rival, "%z" in best)
    for pattern in WHOLE_PATTERNS:
        if readable_share(values, pattern) >= READABLE:
            return TimeGuess(pattern, has_offset="%z" in pattern or "UTC" in pattern)
    return None


def readable_share(values: Sequence[Any], time_format: str) -> float:
    """The part of the values that a format reads as a possible instant."""
    times = parse_times(values, Probe(path="-", format="jsonl", columns={}, time_format=time_format))
    return 1 - times.at.null_count() / len(values)
