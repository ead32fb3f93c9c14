"""One event file to an `EventBatch`: every line becomes an event or a rejection with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from models.events.batch import EventBatch
from models.events.chunks import Chunk, OnProgress, no_progress, read_chunks, rejected_frame
from models.events.conversion import Converted
from models.events.days import DayRange, end_of_day
from models.events.entries import entry_named, with_entry_ids
from models.events.event_rows import event_rows, with_event_ids
from models.events.files import SourceFile
from models.events.schema import RAW_EVENTS, REJECTED_EVENTS
from models.events.source import EventSource


def read_event_file(
    file: SourceFile, source: EventSource, days: DayRange, on_progress: OnProgress = no_progress
) -> EventBatch:
    """Read one raw event file.

    With `expand`, a line becomes several rows, accepted and rejected ones: all of them are counted, and each names its
    line and entry in `source_line`.

    A dated file's rows all belong to its day (`source_day`): an event more than `late_days` UTC days before it is
    rejected as `too_late`, one after the end of `early_days` days later as `future_time`. The end of a day is the
    later of midnight in UTC and in `time_zone`, since a file's day is a local one.

    An undated file's rows belong to the UTC day of the event. Rows outside `days` are rejected as
    `outside_partitions` and belong to `days.start`, as do lines whose time cannot be read.

    Reasons a line is rejected for: truncated_file, corrupt_file (one row for whatever follows the damage),
    line_too_long, wrong_encoding, blank_line, broken_json, not_an_object, unbalanced_quote, wrong_field_count,
    repeated_header, not_a_list, too_many_entries, unknown_mark, unreadable_time, impossible_time, wrong_type, nul_byte,
    unreadable_number, missing_time, missing_event_type, missing_item, impossible_number, too_late, future_time,
    outside_partitions. A row with several has the first found.

    Args:
        file: A file of `list_source_files`.
        source: How to read it.
        days: The partitions of the project; only undated files look at it.
        on_progress: Told the (compressed) bytes read so far.

    Raises:
        UserError: The file as a whole is unusable: unreadable, or a mapped column is missing from its header.
    """
    accepted, rejected, n_lines, n_further = [], [], 0, 0
    for n_begun, events, refused, n_more in event_pieces(file, source, days, on_progress):
        n_lines, n_further = n_lines + n_begun, n_further + n_more
        accepted.append(events)
        rejected.append(refused)
    return EventBatch(
        accepted=pl.concat(accepted) if accepted else RAW_EVENTS.to_frame(),
        rejected=pl.concat(rejected) if rejected else REJECTED_EVENTS.to_frame(),
        n_lines=n_lines,
        n_further=n_further,
        line_scale=source.line_scale,
        default_day=file.day or days.start,
    )


def event_pieces(
    file: SourceFile, source: EventSource, days: DayRange, on_progress: OnProgress = no_progress
) -> Iterator[tuple[int, pl.DataFrame, pl.DataFrame, int]]:
    """The same in bounded pieces: lines, events, rejected rows and further entries of each; see `read_event_file`."""
    for chunk in read_chunks(file.path, source, on_progress):
        yield chunk.n_lines, *_sorted_out(chunk, file, source, days), chunk.n_further


def _sorted_out(
    chunk: Chunk, file: SourceFile, source: EventSource, days: DayRange
) -> tuple[pl.DataFrame, pl.DataFrame]:
    converted = event_rows(chunk, source, file.name)
    event_day = converted.columns["event_at"].dt.date().alias("event_day")
    if file.day:
        _check_dated(converted, event_day, file.day, source)
    else:
        _check_undated(converted, event_day, days)
    converted.columns["event_day"] = event_day
    source_day = pl.lit(file.day, dtype=pl.Date) if file.day else pl.col("event_day")
    events = with_event_ids(converted.accepted(), source.id_fields)
    if source.expand and "event_id" not in source.expand.columns:
        events = with_entry_ids(events)
    events = events.with_columns(source_file=pl.lit(file.name), source_day=source_day)
    refused = _rejected(chunk, converted, file, source, days)
    return events.select(pl.col(name).cast(kind) for name, kind in RAW_EVENTS.items()), refused


def _check_dated(converted: Converted, event_day: pl.Series, source_day: date, source: EventSource) -> None:
    event_at = converted.columns["event_at"]
    late = f"more than late_days ({source.late_days}) before the file's day {source_day}"
    converted.reject(
        event_day < source_day - timedelta(days=source.late_days), "too_late", lambda row: f"{event_at[row]} is {late}"
    )
    early = f"more than early_days ({source.early_days}) after the file's day {source_day}"
    limit = end_of_day(source_day + timedelta(days=source.early_days), source.time_zone)
    converted.reject(event_at >= limit, "future_time", lambda row: f"{event_at[row]} is {early}")


def _check_undated(converted: Converted, event_day: pl.Series, days: DayRange) -> None:
    outside = event_day < days.start
    if days.end is not None:
        outside = outside | (event_day > days.end)
    kept = f"the partitions, {days.start} to {days.end or 'no end'}"
    converted.reject(outside, "outside_partitions", lambda row: f"{event_day[row]} is not in {kept}")


def _rejected(
    chunk: Chunk, converted: Converted, file: SourceFile, source: EventSource, days: DayRange
) -> pl.DataFrame:
    """Rejected rows of a chunk with the day they are attributed to, in line order."""
    rows = rejected_frame([*chunk.rejections, *converted.rejections()], file.name, source.encoding)
    if source.expand:
        rows = rows.with_columns(entry_named(pl.col("detail")).alias("detail"))
    if file.day:
        source_day = pl.Series("source_day", [file.day], dtype=pl.Date).new_from_index(0, rows.height)
    else:
        row_days = converted.columns["event_day"].gather(sorted(converted.problems)).to_list()
        known = _days_of_unparsed(chunk, converted, source) + row_days
        source_day = pl.Series("source_day", [_partition(day, days) for day in known], dtype=pl.Date)
    return rows.with_columns(source_day).select(REJECTED_EVENTS.names()).sort("source_line", maintain_order=True)


def _days_of_unparsed(chunk: Chunk, converted: Converted, source: EventSource) -> list[date | None]:
    """The days of the records that could not be parsed: none, but an entry has that of its line's other entries."""
    if source.expand is None or not chunk.rejections:
        return [None] * len(chunk.rejections)
    lines = [number // source.line_scale for number in chunk.lines]
    days = dict(zip(lines, converted.columns["event_day"].to_list(), strict=True))
    return [days.get(rejection.source_line // source.line_scale) for rejection in chunk.rejections]


def _partition(event_day: date | None, days: DayRange) -> date:
    return event_day if event_day is not None and event_day in days else days.start
