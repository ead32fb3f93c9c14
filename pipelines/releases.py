"""Reading the table of releases: what consumers see, and what they saw before."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from models.errors import UserError
from resources.warehouse import Warehouse

SQL = "SELECT * FROM releases ORDER BY created_at DESC, release_id DESC"
SHOWN = 3


@dataclass(frozen=True)
class Release:
    """One row of `releases`.

    Attributes:
        release_id: Its name.
        as_of_day: What it was learned until.
        created_at: When, UTC.
        snapshot: The DuckLake snapshot that holds its tables.
        artifacts: Asset -> digest.
        metrics: Rows of the table `metrics`.
        settings: The sections its metrics were computed with; empty for releases older than the column.
        restores: The release that a rollback made the newest again with this row.
    """

    release_id: str
    as_of_day: dt.date
    created_at: dt.datetime
    snapshot: int
    artifacts: dict[str, str]
    metrics: list[dict[str, Any]]
    settings: dict[str, Any]
    restores: str | None


def newest_release(warehouse: Warehouse) -> Release:
    """The release consumers read.

    Raises:
        UserError: There is none yet.
    """
    return _read(warehouse, f"{SQL} LIMIT 1")[0]


def all_releases(warehouse: Warehouse) -> list[Release]:
    """Every release, the newest first.

    Raises:
        UserError: There is none yet.
    """
    return _read(warehouse, SQL)


def find_release(warehouse: Warehouse, text: str) -> Release:
    """The release that a name, its unambiguous beginning, `newest` or `previous` (the one before) means.

    Raises:
        UserError: None, or more than one.
    """
    releases = all_releases(warehouse)
    by_word = dict(zip(("newest", "previous"), releases, strict=False))
    if text in by_word:
        return by_word[text]
    found = [release for release in releases if release.release_id.startswith(text)]
    exact = [release for release in found if release.release_id == text]
    if len(exact or found) == 1:
        return (exact or found)[0]
    names = ", ".join(release.release_id for release in (found or releases)[:SHOWN])
    problem = f"{len(found)} releases begin with {text!r}" if found else f"there is no release {text!r}"
    raise UserError(problem, warehouse.catalogue.place, f"Say one of {names}; `sluice releases` shows all.")


def _read(warehouse: Warehouse, sql: str) -> list[Release]:
    rows = warehouse.read(sql).to_dicts() if warehouse.has_table("releases") else []
    if not rows:
        mend = "Run `sluice build` (or ask with --live)."
        raise UserError("there is no release yet", warehouse.catalogue.place, mend)
    return [_release(row) for row in rows]


def _release(row: dict[str, Any]) -> Release:
    return Release(
        row["release_id"],
        row["as_of_day"],
        row["created_at"],
        row["snapshot"],
        json.loads(row["artifacts"]),
        json.loads(row["metrics"]),
        json.loads(row.get("settings") or "{}"),
        row.get("restores"),
    )
