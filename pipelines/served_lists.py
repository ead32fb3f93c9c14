"""`sluice recommend` and `sluice report`: a user's list and the page of the newest release."""

import shutil
from pathlib import Path

from rich.table import Table

from models.errors import UserError
from pipelines.console import cell, console, say
from pipelines.page_file import page_file
from pipelines.releases import Release, newest_release
from pipelines.storage import artifacts_of, warehouse_of
from resources.settings import Project
from resources.warehouse import Warehouse

LIST_SQL = """
WITH list AS (SELECT * FROM recommendations WHERE as_of_day = $day AND user_id = $user AND rank <= $k),
    titles AS (SELECT item_id, coalesce(title, item_id) AS title FROM core_items)
SELECT list.rank, list.item_id, any_value(own.title) AS title, list.sources,
    list(coalesce(past.title, h.item_id) ORDER BY h.place) FILTER (h.item_id IS NOT NULL) AS because_of
FROM list
    LEFT JOIN titles AS own USING (item_id)
    LEFT JOIN (SELECT rank, unnest(because_of) AS item_id, generate_subscripts(because_of, 1) AS place FROM list) AS h
        ON h.rank = list.rank
    LEFT JOIN titles AS past ON past.item_id = h.item_id
GROUP BY list.rank, list.item_id, list.sources ORDER BY list.rank
"""

KNOWN_SQL = """
SELECT DISTINCT user_id, jaro_winkler_similarity(user_id, $user) AS likeness FROM recommendations
WHERE as_of_day = $day ORDER BY likeness DESC, user_id LIMIT 3
"""


def recommend(project: Project, user: str, k: int) -> None:
    """Print a user's list from the newest release.

    Raises:
        UserError: There is no release, or it holds no list for this user.
    """
    warehouse = warehouse_of(project)
    release = newest_release(warehouse)
    with warehouse.connect(read_only=True, snapshot=release.snapshot) as connection:
        rows = connection.execute(LIST_SQL, {"day": release.as_of_day, "user": user, "k": k}).fetchall()
    if not rows:
        raise UserError(
            f"no list for user {user!r}", f"release {release.release_id}", _others(warehouse, release, user)
        )
    say(f"User {user}, as of {release.as_of_day} (release {release.release_id})")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("rank", "item", "title", "offered by", "because of"):
        table.add_column(name, justify="right" if name == "rank" else "left", overflow="fold")
    for rank, item, title, sources, because in rows:
        values = (rank, item, title, ", ".join(sources or []), "; ".join(because or []))
        table.add_row(*(cell(value) for value in values))
    console.print(table)


def _others(warehouse: Warehouse, release: Release, user: str) -> str:
    with warehouse.connect(read_only=True, snapshot=release.snapshot) as connection:
        rows = connection.execute(KNOWN_SQL, {"day": release.as_of_day, "user": user}).fetchall()
    return f"Users with a list are e.g. {', '.join(name for name, _ in rows)}." if rows else "No user has one."


def report(project: Project, to: Path | None) -> None:
    """Say where the newest release's report lies, or copy it.

    Raises:
        UserError: There is no release, or the copy cannot be written.
    """
    release = newest_release(warehouse_of(project))
    page = artifacts_of(project).get("evaluation_report", release.artifacts["evaluation_report"]) / "report.html"
    if to:
        shutil.copyfile(page, page_file(to, "--to"))
    say(f"release {release.release_id}, as of {release.as_of_day}")
    say(f"report  {(to or page).resolve()}")
