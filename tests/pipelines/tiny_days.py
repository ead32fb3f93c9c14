"""Days of the tiny shop: their files, and which of them a plan finds stale."""

import datetime as dt
import shutil
from pathlib import Path

from pipelines.plan import plan_days
from pipelines.storage import warehouse_of
from resources.settings import Project


def day(number: int) -> dt.date:
    return dt.date(2025, 9, number)


def stale(project: Project, first: int | None = None, last: int | None = None) -> list[tuple[int, int]]:
    made = plan_days(project, warehouse_of(project), first and day(first), last and day(last))
    return [(begin.day, end.day) for begin, end in made.stale]


def logs(copy, number: int) -> Path:
    return copy.folder / "shop" / "events" / f"2025-09-{number:02}.jsonl"


def add_day(copy, number: int) -> None:
    shutil.copy(logs(copy, 14), logs(copy, number))
