"""`sluice compare A B --html FILE`: the comparison as a page, with slices and some users' lists side by side."""

from pathlib import Path
from typing import Any

import polars as pl

from assets.evaluation.examples import Reasons, choose_users, example_user, read_reasons
from assets.evaluation.slice_findings import slice_columns, slices_of_window
from models.evaluation.comparisons import mean_intervals
from models.evaluation.evaluate import METRICS_SCHEMA
from models.evaluation.worst_slices import judge_slices
from models.reports.release_page import ReleaseComparison, Side, comparison_page
from models.reports.report import ExampleUser
from pipelines.release_judgement import MODEL, Judgement, pinned_to, side_lists, window_of
from pipelines.releases import Release
from pipelines.storage import warehouse_of
from resources.settings import Project

SHOWN = 10
RECORDED = ("metric", "k", "slice", "value", "ci_low", "ci_high", "n_users")


def write_page(project: Project, a: Release, b: Release, judged: Judgement | None, to: Path) -> None:
    """Write the page of two releases.

    Args:
        project: The project.
        a: The first release.
        b: The second.
        judged: Both on the same days; `None` where none have come since.
        to: The file.
    """
    comparison = gather(project, a, b, judged)
    to.write_text(comparison_page(comparison), encoding="utf-8")


def gather(project: Project, a: Release, b: Release, judged: Judgement | None) -> ReleaseComparison:
    """Everything the page shows."""
    evaluation = project.settings.evaluation
    shared: dict[str, Any] = {
        "project": project.settings.name,
        "a": _side("A", a),
        "b": _side("B", b),
        "k": evaluation.ks[0],
    }
    examples = example_users(project, a, b, judged)
    if judged is None:
        return ReleaseComparison(**shared, examples=examples)
    of_users, of_items = slices_of_window(
        warehouse_of(project), slice_columns(project.settings), judged.window, judged.truth
    )
    found = judge_slices(judged.lists, judged.truth, of_users, of_items, evaluation.ks[0], "B", "A")
    return ReleaseComparison(
        **shared,
        rows=judged.rows,
        means=mean_intervals(judged.values, evaluation.n_resamples),
        slices=found.filter(pl.col("against") == "A"),
        first_day=judged.first_day,
        last_day=judged.last_day,
        examples=examples,
    )


def example_users(project: Project, a: Release, b: Release, judged: Judgement | None) -> list[ExampleUser]:
    """Users with lists of both at three lengths of history, and those whose NDCG rose and fell most."""
    warehouse = warehouse_of(project)
    window = judged.window if judged else window_of(project, warehouse, a, b)
    lists = judged.lists if judged else side_lists(warehouse, a, b, SHOWN)
    both = lists["A"].join(lists["B"], on="user_id", how="semi")
    truth = judged.truth if judged else both
    chosen = _extremes(judged, project.settings.evaluation.ks[0]) if judged else {}
    for user in choose_users(window.before, truth, both):
        chosen.setdefault(user, "")
    titles = dict(window.items.select("item_id", pl.coalesce("title", "item_id")).iter_rows())
    reasons: Reasons = {}
    for letter, release in (("A", a), ("B", b)):
        found = read_reasons(pinned_to(warehouse, release), release.as_of_day, SHOWN)
        reasons |= {(letter, user, item): why for (_, user, item), why in found.items()}
    shown = {name: rows.filter(pl.col("rank") <= SHOWN) for name, rows in lists.items()}
    return [
        example_user(user, window.before, window.after, shown, titles, reasons, note) for user, note in chosen.items()
    ]


def _extremes(judged: Judgement, k: int) -> dict[str, str]:
    """The users whose NDCG differs most, either way, with why they are shown; none where it is the same for all."""
    ndcg = {
        name: rows.filter((pl.col("metric") == "ndcg") & (pl.col("k") == k)).select("user_id", "value")
        for name, rows in judged.values.items()
    }
    both = ndcg["A"].join(ndcg["B"], on="user_id", suffix="_b").with_columns(gain=pl.col("value_b") - pl.col("value"))
    found = {}
    for sign, words in (
        (1, "better served by B than by A, more than anyone"),
        (-1, "worse served by B than by A, more than anyone"),
    ):
        first = both.sort(sign * pl.col("gain"), "user_id", descending=[True, False]).row(0, named=True)
        if sign * first["gain"] > 0:
            found[first["user_id"]] = f"{words}: NDCG@{k} {first['value']:.2f} to {first['value_b']:.2f}"
    return found


def _side(letter: str, release: Release) -> Side:
    """What the page's head and the table of recorded metrics say of a release."""
    rows = [{name: row.get(name) for name in RECORDED} for row in release.metrics if row["model"] == MODEL]
    recorded = pl.DataFrame(rows, schema={name: METRICS_SCHEMA[name] for name in RECORDED})
    made = f"{release.created_at:%Y-%m-%d %H:%M}"
    return Side(letter, release.release_id, release.as_of_day, made, recorded)
