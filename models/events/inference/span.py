"""The days of a log: partitions, days held back, and whether its volume is steady."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any, Final

from models.events.inference.guess import Guess

MONTHLY_DAYS: Final = 730
STRAY_SHARE: Final = 0.001
STRAY_GAP_DAYS: Final = 365


@dataclass(frozen=True)
class Span:
    """First and last day that count, and events outside them.

    Attributes:
        first: First day.
        last: Last day.
        n_stray: Events far before or after, which wrong clocks make.
    """

    first: date
    last: date
    n_stray: int

    @property
    def n_days(self) -> int:
        """Days from first to last, both included."""
        return (self.last - self.first).days + 1


def span_of(days: Counter[date]) -> Span:
    """The days of a log without a few events that lie more than a year from all others; `days` is not empty."""
    ordered, n_stray = sorted(days), 0
    allowed = STRAY_SHARE * sum(days.values())
    for end in (0, -1):
        dropped: list[date] = []
        left = list(ordered)
        while len(left) > 1:
            dropped.append(left.pop(end))
            if sum(days[day] for day in dropped) + n_stray > allowed:
                break
            if abs((left[end] - dropped[-1]).days) > STRAY_GAP_DAYS:
                ordered, n_stray, dropped = list(left), n_stray + sum(days[day] for day in dropped), []
    return Span(ordered[0], ordered[-1], n_stray)


def partitions(span: Span) -> Guess:
    """`partitions`: days, or months for more than two years."""
    stray = f" {span.n_stray:,} events more than a year from all others are left out." if span.n_stray else ""
    if span.n_days <= MONTHLY_DAYS:
        note = f"The days of the data.{stray} Leave `end` out for a shop that is still open."
        return Guess({"start": span.first, "end": span.last}, note)
    months = {"start": span.first.replace(day=1), "end": span.last, "event_partitions": "monthly"}
    note = f"{span.n_days:,} days, so event partitions are months: Dagster keeps a row per partition and asset."
    return Guess(months, f"{note}{stray}")


def split(span: Span) -> Guess:
    """`split`: about a tenth of the days each, at most four weeks; up to a year where partitions are months."""
    most = 28 if span.n_days <= MONTHLY_DAYS else 365
    held = max(1, min(most, span.n_days // 10))
    held = held // 7 * 7 if held >= 7 and held < 365 else held
    value: dict[str, Any] = {"validation_days": held, "test_days": held}
    if held < 2:
        value["label_windows"] = 1
    return Guess(value, f"About a tenth each of {span.n_days:,} days; the models learn from what is before.")


def volume_ratio(days: Counter[date], span: Span) -> Guess | None:
    """`checks.volume_ratio`, where the default of 0.2 to 5 would stop days that this log has; else `None`."""
    counts = [days.get(span.first + timedelta(days=place), 0) for place in range(span.n_days)]
    ratios = []
    for place, count in enumerate(counts):
        before = [other for other in counts[max(0, place - 28) : place] if other]
        if count and before:
            ratios.append(count / median(before))
    low, high = (min(ratios), max(ratios)) if ratios else (1.0, 1.0)
    if low >= 0.2 and high <= 5:
        return None
    seen = f"Days have {low:.2g} to {high:.2g} times the median of the 28 days before"
    if low < 0.02 or high > 20:
        return Guess({"volume_ratio": None}, f"{seen}: too uneven for this check, which is off.")
    bounds = [min(0.2, round(max(0.01, low * 0.8), 2)), max(5.0, round(high * 1.25, 1))]
    return Guess({"volume_ratio": bounds}, f"{seen}; the default is [0.2, 5.0].")
