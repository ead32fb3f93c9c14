"""Days: a range of partitions, and the instant at which a local day is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DayRange:
    """The partitions a project keeps.

    Attributes:
        start: First day.
        end: Last day, inclusive; `None` sets no end, which lets a wrong clock open a partition far in the future.
    """

    start: date
    end: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


def end_of_day(day: date, time_zone: str) -> datetime:
    """The first instant after `day`, naive UTC: the later of the UTC midnight and the midnight of `time_zone`."""
    midnight = datetime.combine(day + timedelta(days=1), time())
    local = midnight.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC).replace(tzinfo=None)
    return max(midnight, local)
