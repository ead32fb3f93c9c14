"""One pass over a whole log with the drafted source: days, event types, values, and how late events come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from models.events.chunks import Chunk, OnProgress, no_progress, read_chunks
from models.events.conversion import Converted
from models.events.event_rows import event_rows
from models.events.source import EventSource
from models.events.times import parse_times

MOST_DISTINCT: Final = 1_000


@dataclass
class Survey:
    """What a whole log holds; its size grows with days and event types, not with lines.

    Attributes:
        n_lines: Lines read, rejected ones too.
        n_further: Records beyond the first of a line, where lines are expanded.
        reasons: Reason -> rejected records.
        days: Event day -> accepted records.
        types: Event type -> accepted records.
        itemless: Event type -> records without an item.
        lags: File's day minus event day, in days -> accepted records (dated files only).
        values: Ratings seen -> how often, counted until there are 1,000 different ones.
        n_negative_quantity: Records with a quantity below 0.
        n_cancelled: Records whose session begins with C and a digit, as cancelled invoices do.
        n_other_time: Times that the rival time format reads.
        n_time: Times that the drafted one reads.
    """

    n_lines: int = 0
    n_further: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    days: Counter[date] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    itemless: Counter[str] = field(default_factory=Counter)
    lags: Counter[int] = field(default_factory=Counter)
    values: Counter[float] = field(default_factory=Counter)
    n_negative_quantity: int = 0
    n_cancelled: int = 0
    n_other_time: int = 0
    n_time: int = 0


def survey(
    files: Iterable[tuple[Path, date | None]],
    source: EventSource,
    other_time_format: str | None = None,
    on_progress: OnProgress = no_progress,
) -> Survey:
    """Read every file of a log once.

    Args:
        files: Files, and the day in their name.
        source: The drafted description.
        other_time_format: A format that fits the sampled times as well.
        on_progress: Told the bytes read so far.
    """
    found, flat = Survey(), source.flat()
    rival = source.model_copy(update={"time_format": other_time_format}) if other_time_format else None
    for path, file_day in files:
        for chunk in read_chunks(path, source, on_progress):
            converted = event_rows(chunk, source)
            _count(found, chunk, converted, file_day)
            if rival is not None:
                found.n_other_time += parse_times(chunk.values[flat.columns["event_at"]], rival).at.count()
    return found


def _count(found: Survey, chunk: Chunk, converted: Converted, file_day: date | None) -> None:
    found.n_lines += chunk.n_lines
    found.n_further += chunk.n_further
    found.reasons.update(rejection.reason for rejection in chunk.rejections)
    found.reasons.update(reason for reason, _ in converted.problems.values())
    found.n_time += converted.columns["event_at"].count()
    types, items = converted.columns["event_type"], converted.columns["item_id"]
    if converted.problems:
        found.itemless.update(types.filter(items.is_null()).drop_nulls().to_list())
    rows = converted.accepted()
    days = _counts(rows["event_at"].dt.date())
    found.days.update(days)
    found.types.update(_counts(rows["event_type"]))
    if file_day:
        for day, n in days.items():
            found.lags[(file_day - day).days] += n
    if len(found.values) < MOST_DISTINCT:
        found.values.update(_counts(rows["value"]))
    found.n_negative_quantity += int((rows["quantity"] < 0).sum())
    found.n_cancelled += int(rows["session_id"].str.contains(r"^C[0-9]").sum())


def _counts(column: pl.Series) -> dict:
    return dict(column.drop_nulls().value_counts().iter_rows())
