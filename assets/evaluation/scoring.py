"""Scoring the lists of one as-of day: the final lists, each retriever's own, and the oracle's where there is one."""

import datetime as dt

import polars as pl

from assets.graph import Graph
from assets.point_in_time import available, interactions_between, interactions_until, items_known, taken_back_until
from models.evaluation.evaluate import Resampling, evaluate
from models.evaluation.oracle import oracle_lists
from models.evaluation.window import Window
from resources.warehouse import Warehouse


def as_of_days_to_score(warehouse: Warehouse, day: dt.date, test_days: int) -> list[dt.date]:
    """As-of days whose lists are scored at the end of `day`.

    All with lists in the `test_days` before `day`, and the newest with lists at least `test_days` (at most twice that)
    before it, so that there is always one with a full window.
    """
    if not warehouse.has_table("recommendations"):
        return []
    first, last = day - dt.timedelta(days=2 * test_days), day - dt.timedelta(days=1)
    sql = "SELECT DISTINCT as_of_day FROM recommendations WHERE as_of_day BETWEEN ? AND ? ORDER BY as_of_day"
    made = warehouse.read(sql, [first, last])["as_of_day"].to_list()
    full = [target for target in made if (day - target).days >= test_days]
    return full[-1:] + [target for target in made if (day - target).days < test_days]


def read_window(warehouse: Warehouse, target: dt.date, through: dt.date) -> Window:
    """What lists as of `target` are scored on, up to `through`."""
    return Window(
        interactions_until(warehouse, target),
        interactions_between(warehouse, target, through),
        items_known(warehouse, target),
        target,
        through,
        taken_back_until(warehouse, target),
    )


def score_lists(graph: Graph, warehouse: Warehouse, target: dt.date, through: dt.date) -> pl.DataFrame:
    """Metrics of every model's lists as of `target` on the days up to `through`; all once the window is full."""
    window, settings = read_window(warehouse, target, through), graph.settings
    lists = read_lists(warehouse, target, max(settings.evaluation.ks))
    oracle = oracle_of(graph, window)
    if oracle is not None:
        lists["oracle"] = oracle
    return evaluate(
        lists,
        window,
        settings.evaluation.ks,
        resampling=Resampling(n_resamples=settings.evaluation.n_resamples),
        categories=window.items.select("item_id", "category"),
        of_lists=window.n_days >= settings.split.test_days,
    )


def complete_target(graph: Graph, warehouse: Warehouse, day: dt.date) -> dt.date | None:
    """The newest as-of day with lists whose test days are all there at the end of `day`."""
    test_days = graph.settings.split.test_days
    targets = as_of_days_to_score(warehouse, day, test_days)
    return next((target for target in targets if (day - target).days >= test_days), None)


def read_lists(warehouse: Warehouse, target: dt.date, k: int) -> dict[str, pl.DataFrame]:
    """Model -> `user_id, rank, item_id` as of one day: final lists and each retriever's candidates, cut at k."""
    final = "SELECT user_id, rank, item_id FROM recommendations WHERE as_of_day = ? AND rank <= ?"
    lists = {"recommendations": warehouse.read(final, [target, k])}
    offered = """SELECT source, user_id, source_rank AS rank, item_id FROM candidates
        WHERE as_of_day = ? AND source_rank <= ?"""
    for (source,), rows in warehouse.read(offered, [target, k]).group_by("source"):
        lists[str(source)] = rows.drop("source")
    return dict(sorted(lists.items()))


def oracle_of(graph: Graph, window: Window) -> pl.DataFrame | None:
    """The best reachable lists of a simulated shop, for the users who are scored; `None` for a real shop."""
    folder = graph.project.simulation_folder
    if graph.settings.simulate is None or folder is None or not (folder / "truth").is_dir():
        return None
    from models.simulation.oracle import oracle_scores

    users = window.truth.relevant["user_id"].unique().sort().to_list()
    item_ids = window.items["item_id"].to_list()
    scores = oracle_scores(folder / "truth", window.as_of_day, users, item_ids)
    k = max(graph.settings.evaluation.ks)
    return oracle_lists(scores, users, item_ids, window.seen, k, available(window.items).to_numpy()).drop("score")
