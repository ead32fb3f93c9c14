"""Reading the table of releases: what consumers see."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from models.errors import UserError
from resources.warehouse import Warehouse

SQL = "SELECT release_id, as_of_day, snapshot, artifacts, metrics FROM releases ORDER BY created_at DESC LIMIT 1"


@dataclass(frozen=True)
class Release:
    """One row of `releases`.

    Attributes:
        release_id: Its name.
        as_of_day: What it was learned until.
        snapshot: The DuckLake snapshot that holds its tables.
        artifacts: Asset -> digest.
        metrics: Rows of the table `metrics`.
    """

    release_id: str
    as_of_day: dt.date
    snapshot: int
    artifacts: dict[str, str]
    metrics: list[dict[str, Any]]


def newest_release(warehouse: Warehouse) -> Release:
    """The release consumers read.

    Raises:
        UserError: There is none yet.
    """
    rows = warehouse.read(SQL) if warehouse.has_table("releases") else None
    if rows is None or rows.is_empty():
        raise UserError(
            "there is no release yet", warehouse.catalogue.place, "Run `sluice build` (or ask with --live)."
        )
    release_id, day, snapshot, artifacts, metrics = rows.row(0)
    return Release(release_id, day, snapshot, json.loads(artifacts), json.loads(metrics))
