"""Two releases' lists judged on the same users and days, where days have come since both."""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from assets.evaluation.scoring import read_lists, read_window
from models.evaluation.comparisons import compare_models
from models.evaluation.metrics import METRICS, per_user_metrics
from models.evaluation.window import Window
from pipelines.releases import Release
from resources.settings import Project
from resources.warehouse import Warehouse

MODEL = "recommendations"


@dataclass(frozen=True)
class Judgement:
    """Both releases on the same users and days.

    Attributes:
        rows: What `compare_models` returned for B against A.
        values: `A` and `B` -> what `per_user_metrics` returned.
        lists: `A` and `B` -> rows `user_id, rank, item_id`.
        truth: Rows `user_id, item_id` of the users with lists of both.
        window: The days judged, and what was known before them.
    """

    rows: pl.DataFrame
    values: dict[str, pl.DataFrame]
    lists: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    window: Window

    @property
    def first_day(self) -> dt.date:
        """The first day judged."""
        return self.window.as_of_day + dt.timedelta(days=1)

    @property
    def last_day(self) -> dt.date:
        """The last of the days judged that anything happened on."""
        return self.window.after["event_day"].max()  # type: ignore[return-value]


def judged_together(project: Project, warehouse: Warehouse, a: Release, b: Release) -> Judgement | None:
    """B against A on the days after both; `None` where no user with lists of both took anything new on them."""
    ks = project.settings.evaluation.ks
    window, lists = window_of(project, warehouse, a, b), side_lists(warehouse, a, b, max(ks))
    both = [pl.col("user_id").is_in(rows["user_id"].implode()) for rows in lists.values()]
    truth = window.truth.relevant.filter(pl.all_horizontal(both))
    if truth.is_empty():
        return None
    values = {name: per_user_metrics(rows, truth, ks) for name, rows in lists.items()}
    rows = compare_models(values, [("B", "A")], METRICS, project.settings.evaluation.n_resamples)
    return Judgement(rows, values, lists, truth, window)


def window_of(project: Project, warehouse: Warehouse, a: Release, b: Release) -> Window:
    """The days after the later of the two as-of days, at most `split.test_days`."""
    as_of = max(a.as_of_day, b.as_of_day)
    return read_window(warehouse, as_of, as_of + dt.timedelta(days=project.settings.split.test_days))


def side_lists(warehouse: Warehouse, a: Release, b: Release, k: int) -> dict[str, pl.DataFrame]:
    """`A` and `B` -> rows `user_id, rank, item_id` of each release's final lists as it holds them, cut at k."""
    return {
        letter: read_lists(pinned_to(warehouse, release), release.as_of_day, k)[MODEL]
        for letter, release in (("A", a), ("B", b))
    }


def pinned_to(warehouse: Warehouse, release: Release) -> Warehouse:
    """The lake as the release holds it."""
    return warehouse.model_copy(update={"pinned": release.snapshot})
