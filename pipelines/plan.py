"""What a build has to do: which event days and as-of days are not what their files, settings and code would make."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

import dagster as dg
import polars as pl

from assets.events.source_schemas import drifts_of, look_at, refuse
from assets.fingerprints import learning_fingerprint, recorded_fingerprint, source_fingerprints
from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.file_records import file_records
from models.events.files import SourceFile, list_source_files
from models.events.json_lines import SAMPLED_OBJECTS
from pipelines.partitions import event_axis, key_of
from resources.settings import Project
from resources.warehouse import Warehouse

ONE_DAY = dt.timedelta(days=1)
MOST_RANGES = 3
MOST_BYTES = 2**30
"""Text that one run may read, a few million events: a run holds its events in memory, about 0.8 GiB a million."""
PACKED = 8
"""Bytes of text that a byte of a compressed or Parquet file stands for, roughly."""


@dataclass
class Plan:
    """Days to build.

    Attributes:
        first: First event day asked for.
        last: Last event day asked for; also the as-of day to release.
        stale: Ranges of event days to rebuild, each one run that fits into memory.
        snapshot: The warehouse's newest snapshot when the plan was made; `None` without a warehouse.
    """

    first: dt.date
    last: dt.date
    stale: list[tuple[dt.date, dt.date]] = field(default_factory=list)
    snapshot: int | None = None


def plan_days(project: Project, warehouse: Warehouse, first: dt.date | None, last: dt.date | None) -> Plan:
    """Compare every day's files with what its tables were made from; writes nothing.

    Args:
        project: The project.
        warehouse: Its warehouse.
        first: First day; `None` is the partitions' start.
        last: Last day; `None` is the newest day with a file (or the partitions' end, for files without days). Days
            after it whose files are gone are rebuilt as well, so that their tables become empty.

    Raises:
        UserError: There is no source file, a stale day's file lacks a mapped column, or a day lies outside.
    """
    files = source_files(project, project.settings.events)
    if project.settings.catalogue:
        catalogue = source_files(project, project.settings.catalogue)
        _refuse_wrong_columns(warehouse, "catalogue", project.settings.catalogue, catalogue)
    begin, end = bounds(project, files, first, last)
    snapshot = warehouse.snapshot() if warehouse.exists() else None
    made = _made_days(project, warehouse)
    through = end if last else max([end, *made])
    wanted = source_fingerprints(project, begin, through)
    stale = [day for day, fingerprint in wanted.iter_rows() if made.get(day) != fingerprint]
    to_read = set(stale)
    read = [file for file in files if file.day is None or file.day in to_read]
    _refuse_wrong_columns(warehouse, "events", project.settings.events, read)
    portions = in_portions(as_ranges(stale), files, event_axis(project.settings))
    return Plan(begin, end, portions, snapshot)


def source_files(project: Project, source: FileFormat) -> list[SourceFile]:
    """The files of a source.

    Raises:
        UserError: There is none; for a shop that was not simulated yet it says so.
    """
    try:
        return list_source_files(source, project.base)
    except UserError as error:
        if project.settings.simulate and not (project.base / source.path).exists():
            raise UserError(error.found, error.where, "Write the simulated shop first: `sluice simulate`.") from None
        raise


def bounds(
    project: Project, files: list[SourceFile], first: dt.date | None, last: dt.date | None
) -> tuple[dt.date, dt.date]:
    """The days asked for, inside the partitions; see `plan_days`.

    Raises:
        UserError: They lie outside, or no file does lie inside.
    """
    partitions, config = project.settings.partitions, str(project.path)
    end = partitions.end or dt.datetime.now(dt.UTC).date() - ONE_DAY
    if end < partitions.start:
        raise UserError(f"partitions.start {partitions.start} has not passed yet", config, "Build once it has.")
    days = sorted(file.day for file in files if file.day)
    inside = [day for day in days if partitions.start <= day <= end]
    if days and not inside:
        found = f"the files are of {days[0]} to {days[-1]}, the partitions of {partitions.start} to {end}"
        raise UserError(found, config, "Correct `partitions` or `events.path`.")
    newest = inside[-1] if inside else end
    begin, until = first or partitions.start, last or newest
    for name, day in (("--from", begin), ("--until", until)):
        if not partitions.start <= day <= end:
            found = f"{day} lies outside the partitions, {partitions.start} to {end}"
            raise UserError(found, name, "Choose a day inside, or change `partitions` in sluice.yaml.")
    if until < begin and last is None:
        raise UserError(f"{begin} is after the newest file's day {until}", "--from", "Choose an earlier day.")
    if until < begin:
        raise UserError(f"{until} is before {begin}", "--until", "Swap the two days.")
    return begin, until


def as_of_targets(project: Project, warehouse: Warehouse, last: dt.date) -> list[tuple[dt.date, str]]:
    """As-of days a build has to make, in order, each with the stage it must reach.

    `last` is released. To judge it, current lists are needed that were made at least `test_days` before; where there
    are none, the as-of day whose test days end on `last` comes first, up to its recommendations.

    Returns:
        `(day, "recommendations" or "release")`; days already made from what is there now are left out.
    """
    split = project.settings.split
    targets = []
    judged = last - dt.timedelta(days=split.test_days)
    earliest = project.settings.partitions.start + dt.timedelta(days=split.validation_days)
    if judged >= earliest and not _has_current_lists(project, warehouse, judged):
        targets.append((judged, "recommendations"))
    if targets or not is_current(project, warehouse, "release", last):
        targets.append((last, "release"))
    return targets


def is_current(project: Project, warehouse: Warehouse, stage: str, day: dt.date) -> bool:
    """Whether a stage (`recommendations` or `release`) of an as-of day was made from what is there now."""
    recorded = recorded_fingerprint(warehouse, stage, day)
    return recorded is not None and recorded == learning_fingerprint(warehouse, project, day)


def as_ranges(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Contiguous runs of sorted days; more than three of them become one range, since a run costs more than a day."""
    ranges: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if ranges and day - ranges[-1][1] == ONE_DAY:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return [(ranges[0][0], ranges[-1][1])] if len(ranges) > MOST_RANGES else ranges


def in_portions(
    ranges: list[tuple[dt.date, dt.date]], files: list[SourceFile], axis: dg.TimeWindowPartitionsDefinition
) -> list[tuple[dt.date, dt.date]]:
    """Cut ranges of days whose files are too much for the memory of one run, between two partitions."""
    sizes: dict[dt.date, int] = defaultdict(int)
    for file in files:
        if file.day:
            sizes[file.day] += _text_bytes(file.path)
    if sum(sizes.values()) <= MOST_BYTES:
        return ranges
    portions: list[tuple[dt.date, dt.date]] = []
    for first, last in ranges:
        partitions = groupby(pl.date_range(first, last, eager=True), lambda day: key_of(axis, day))
        begin, until, held = first, first, 0
        for days in (list(days) for _, days in partitions):
            size = sum(sizes[day] for day in days)
            if held and held + size > MOST_BYTES:
                portions.append((begin, until))
                begin, held = days[0], 0
            until, held = days[-1], held + size
        portions.append((begin, until))
    return portions


def _text_bytes(path: Path) -> int:
    packed = path.suffix.lower() in (".gz", ".zst", ".parquet", ".pq")
    return path.stat().st_size * (PACKED if packed else 1)


def _has_current_lists(project: Project, warehouse: Warehouse, judged: dt.date) -> bool:
    """Whether the newest lists made in the `test_days` up to `judged` are current."""
    window = [judged - dt.timedelta(days=back) for back in range(project.settings.split.test_days)]
    made = [day for day in window if recorded_fingerprint(warehouse, "recommendations", day)]
    return bool(made) and is_current(project, warehouse, "recommendations", made[0])


def _made_days(project: Project, warehouse: Warehouse) -> dict[dt.date, str]:
    """Fingerprints of the days that have tables; a monthly run also makes days after the partitions' end."""
    if not warehouse.has_table("event_funnel"):
        return {}
    end = project.settings.partitions.end or dt.date.max
    sql = "SELECT source_day, fingerprint FROM event_funnel WHERE source_day BETWEEN ? AND ?"
    return dict(warehouse.read(sql, [project.settings.partitions.start, end]).iter_rows())


def _refuse_wrong_columns(warehouse: Warehouse, name: str, source: FileFormat, files: list[SourceFile]) -> None:
    """Read the beginning of files, where a missing column shows, so that a build refuses before it writes.

    Where the files before had the column, the message says what it was likely renamed to.
    """
    n_records = SAMPLED_OBJECTS if source.format == "jsonl" else 1
    for file in files:
        try:
            for _ in islice(file_records(file.path, source, lambda n_bytes: None), n_records):
                pass
        except UserError:
            refuse(drifts_of(warehouse, name, look_at([file], source), source))
            raise
