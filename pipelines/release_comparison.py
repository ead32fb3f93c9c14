"""`sluice compare A B`: two releases side by side, and judged on the same users and days where days have come since."""

from pathlib import Path

import polars as pl
from rich.table import Table

from models.evaluation.metrics import METRICS
from pipelines.console import cell, console, say
from pipelines.page_file import page_file
from pipelines.release_judgement import MODEL, judged_together
from pipelines.releases import Release, find_release
from pipelines.storage import warehouse_of
from resources.settings import Project

COLUMNS = ("metric", "A", "B", "B - A", "95 % interval", "p", "detectable")


def compare(project: Project, first: str, second: str, html: Path | None = None) -> None:
    """Print how two releases differ, verdict first, and write it as a page where one is wanted.

    Both releases' lists are judged on the days after the later of their as-of days (at most `split.test_days`), by the
    users who took something new to them by then. So neither list has seen what it is judged by.

    Raises:
        UserError: There is no such release, or the page cannot be written there.
    """
    to = page_file(html, "--html") if html else None
    warehouse = warehouse_of(project)
    a, b = find_release(warehouse, first), find_release(warehouse, second)
    for letter, release in (("A", a), ("B", b)):
        say(f"{letter}  {release.release_id}, as of {release.as_of_day}, made {release.created_at:%Y-%m-%d %H:%M} UTC")
    found = judged_together(project, warehouse, a, b)
    if found is None:
        say("No day has come since with users of both: they cannot be judged on the same days yet. What each recorded:")
        _show_recorded(project, a, b)
    else:
        _show_verdict(found.rows, project.settings.evaluation.ks[0])
        say(f"Lists of both, on {found.first_day} to {found.last_day}, {found.rows['n_users'][0]:,} users:")
        _show_rows(found.rows)
    if to:
        # Only here: drawing takes a second to import.
        from pipelines.release_comparison_page import write_page

        write_page(project, a, b, found, to)
        say(f"page  {to}")


def _show_verdict(rows: pl.DataFrame, k: int) -> None:
    row = rows.filter((pl.col("metric") == "ndcg") & (pl.col("k") == k)).row(0, named=True)
    if row["ci_low"] > 0:
        word = "better"
    elif row["ci_high"] < 0:
        word = "worse"
    else:
        word = "neither better nor worse than chance allows"
    say(f"B is {word} by NDCG@{k}: {row['difference']:+.4f} ({row['ci_low']:+.4f} to {row['ci_high']:+.4f})")


def _show_rows(rows: pl.DataFrame) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "metric" else "right", no_wrap=True)
    for row in rows.sort("k", "metric").to_dicts():
        values = [f"{row['metric']}@{row['k']}", f"{row['value_against']:.4f}", f"{row['value']:.4f}"]
        values += [f"{row['difference']:+.4f}", f"{row['ci_low']:+.4f} to {row['ci_high']:+.4f}"]
        detectable = row["smallest_detectable"]
        values += [f"{row['p_value']:.3f}", "" if detectable is None else f"{detectable:.4f}"]
        table.add_row(*(cell(value) for value in values))
    console.print(table)


def _show_recorded(project: Project, a: Release, b: Release) -> None:
    """What each release was made with: other users and days, so nothing is subtracted."""
    k = project.settings.evaluation.ks[0]
    table = Table("metric", box=None, header_style="bold", pad_edge=False)
    for letter in ("A", "B"):
        table.add_column(letter, no_wrap=True)
    sides = [_recorded(release, k) for release in (a, b)]
    for metric in METRICS:
        table.add_row(cell(f"{metric}@{k}"), *(cell(side.get(metric, "")) for side in sides))
    console.print(table)


def _recorded(release: Release, k: int) -> dict[str, str]:
    wanted = {"model": MODEL, "k": k, "slice": "all"}
    rows = [row for row in release.metrics if wanted.items() <= row.items() and row["ci_low"] is not None]
    return {
        row["metric"]: f"{row['value']:.4f} ({row['ci_low']:.4f} to {row['ci_high']:.4f}), lists of {row['as_of_day']}"
        for row in rows
    }
