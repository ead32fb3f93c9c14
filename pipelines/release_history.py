"""`sluice releases` and `sluice rollback`: every release with what was measured, and an earlier one served again."""

import datetime as dt
import uuid

from rich.table import Table

from assets.releases.release import COLUMNS
from models.errors import UserError
from pipelines.build_lock import build_lock
from pipelines.console import cell, console, say
from pipelines.release_proof import damage_of
from pipelines.releases import Release, all_releases, find_release
from pipelines.storage import artifacts_of, warehouse_of
from resources.settings import Project

MODEL = "recommendations"
RESTORE = """INSERT INTO releases BY NAME
    SELECT * REPLACE ($release_id AS release_id, $created_at AS created_at, $restores AS restores)
    FROM releases WHERE release_id = $restores"""


def show_releases(project: Project) -> None:
    """Print every release, the newest (which consumers read) first.

    Raises:
        UserError: There is none yet.
    """
    k = project.settings.evaluation.ks[0]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("release", "as of", "made at (UTC)", f"ndcg@{k} (95 % interval)", ""):
        table.add_column(name, overflow="fold")
    for number, release in enumerate(all_releases(warehouse_of(project))):
        served = "served" if number == 0 else ""
        restores = f"restores {release.restores}" if release.restores else ""
        made = f"{release.created_at:%Y-%m-%d %H:%M}"
        values = (release.release_id, release.as_of_day, made, _ndcg(release, k))
        table.add_row(*(cell(value) for value in values), ", ".join(filter(None, (served, restores))))
    console.print(table)


def rollback(project: Project, to: str) -> Release:
    """Make an earlier release the newest again, once everything it names was found whole.

    A row is added, none is changed or removed, so the history tells what was served when. Builds go on: the next one
    that passes its checks is compared with the restored release and served after it.

    Raises:
        UserError: There is no such release, it is the newest already, or something it names is missing or damaged.
    """
    warehouse = warehouse_of(project)
    with build_lock(project.output, project.catalogue):
        release, newest = find_release(warehouse, to), find_release(warehouse, "newest")
        original = release.restores or release.release_id
        if original in (newest.release_id, newest.restores):
            raise UserError(f"release {original} is the one that is served", f"rollback {to}", "Nothing was changed.")
        damage = damage_of(warehouse, artifacts_of(project), release)
        if damage:
            mend = "Restore it from a backup, or roll back to another release (`sluice releases`)."
            raise UserError(damage[0], f"release {release.release_id}", mend)
        warehouse.ensure_table("releases", COLUMNS, "One release")
        # Later than the newest even where that was made by a machine whose clock is ahead.
        now = max(dt.datetime.now(dt.UTC).replace(tzinfo=None), newest.created_at + dt.timedelta(microseconds=1))
        name = f"{release.as_of_day}-{uuid.uuid4().hex[:8]}"
        values = {"release_id": name, "created_at": now, "restores": original}
        warehouse.write(lambda connection: connection.execute(RESTORE, values))
    say(f"release {name} is served now: all that {original} names, as of {release.as_of_day}")
    say(f"before it: {newest.release_id}, as of {newest.as_of_day}; it stays, and `sluice rollback` can serve it again")
    return find_release(warehouse, name)


def _ndcg(release: Release, k: int) -> str:
    """The final lists' NDCG with its interval; blank before the first were scored."""
    wanted = {"model": MODEL, "metric": "ndcg", "k": k, "slice": "all"}
    rows = [row for row in release.metrics if wanted.items() <= row.items()]
    if not rows or rows[0]["value"] is None:
        return ""
    row = rows[0]
    return f"{row['value']:.4f} ({row['ci_low']:.4f} to {row['ci_high']:.4f})"
