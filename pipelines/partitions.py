"""The two axes, UTC: event days and as-of days."""

import datetime as dt

import dagster as dg

from resources.settings import Settings


def daily(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Days from `partitions.start` to `partitions.end` (or to yesterday, while the shop is open)."""
    end = settings.partitions.end
    return dg.DailyPartitionsDefinition(
        start_date=settings.partitions.start.isoformat(),
        end_date=(end + dt.timedelta(days=1)).isoformat() if end else None,
        timezone="UTC",
    )


def event_axis(settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """Event days, or months where `partitions.event_partitions` says so.

    The current month is a partition from its first day on, so that every night can load the day before.
    """
    if settings.partitions.event_partitions == "daily":
        return daily(settings)
    end = settings.partitions.end
    after = dt.date(end.year + end.month // 12, end.month % 12 + 1, 1) if end else None
    return dg.MonthlyPartitionsDefinition(
        start_date=settings.partitions.start.isoformat(),
        end_date=after.isoformat() if after else None,
        timezone="UTC",
        end_offset=1,
    )


def key_of(axis: dg.TimeWindowPartitionsDefinition, day: dt.date) -> str:
    """The key of the partition that holds a day."""
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return axis.get_partition_key_for_timestamp(noon.timestamp())
