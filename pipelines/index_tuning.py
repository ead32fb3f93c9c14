"""`sluice index tune`: the fastest index that finds enough of a retriever's vectors, within a budget."""

import datetime as dt
import math
from pathlib import Path

import numpy as np
import polars as pl

from assets.artifacts import artifact_folder
from assets.embeddings.retrievers import load
from assets.indexes.ann_indexes import sample_users
from assets.indexes.index_tuning import TABLE, store_tuning, tuning_rows
from models.ann.build import refuse_unusable
from models.ann.effort import effort_of
from models.ann.tuning import tune as tune_index
from models.ann.tuning_points import Budget, Point, Tuning
from models.ann.wording import KINDS, built_with, own_settings
from models.errors import UserError
from models.reports.tuning_page import TuningReport, limits_in_words, tuning_page
from models.reports.wording import in_bytes
from models.retrieval import registry
from models.retrieval.by_cosine import compared_by
from models.retrieval.interactions import Interactions
from models.retrieval.recommend_by_index import index_queries
from pipelines.console import Bar, console, say
from pipelines.query import as_table
from pipelines.storage import artifacts_of, warehouse_of
from resources.settings import Project

FOLDER = "index_tuning"
LEAST_QUERIES = 2


def tune(
    project: Project,
    retriever: str | None,
    min_recall: float | None,
    budget: Budget,
    k: int | None = None,
    n_queries: int = 1000,
) -> None:
    """Tune the index of a retriever's newest vectors: rows in `index_tuning`, a page, lines for sluice.yaml.

    Args:
        project: The project.
        retriever: Its name; `None` takes the first one with vectors.
        min_recall: `None` takes `checks.min_index_recall`.
        budget: Limits.
        k: List length; `None` takes `recommendations.candidates_per_source`.
        n_queries: Users to search with.

    Raises:
        UserError: There are no vectors, or no index keeps every limit (what was tried is kept).
    """
    settings = project.settings
    name = _retriever(project, retriever)
    wanted = settings.checks.min_index_recall if min_recall is None else min_recall
    day, vectors, queries, ids = _vectors(project, name, n_queries)
    k = min(k or settings.recommendations.candidates_per_source, len(vectors))
    about = f"{name} as of {day}: {len(vectors):,} vectors of {vectors.shape[1]} dimensions, {len(queries):,} queries"
    with Bar(f"{about}; asked for: {limits_in_words(wanted, k, budget)}"):
        tuning = tune_index(vectors, queries, k, wanted, budget, settings.index, ids)
    rows = tuning_rows(tuning, name, day, k, len(queries), wanted, dt.datetime.now(dt.UTC).replace(tzinfo=None))
    store_tuning(warehouse_of(project), rows)
    lines = lines_for_config(tuning.chosen) if tuning.chosen else []
    why = "" if tuning.chosen else why_none(tuning, wanted, budget)
    page = _write(project, TuningReport(settings.name, rows, budget, tuning.skipped, lines, why), f"{name}-{day}.html")
    _show(tuning, k, page)
    if not tuning.chosen:
        raise UserError(why, "sluice index tune", "Allow more time or memory, or ask for a lower --recall.")
    say("in sluice.yaml:\n" + "\n".join(f"  {line}" for line in lines))


def _retriever(project: Project, given: str | None) -> str:
    names = [name for name in project.settings.retrievers if registry.retriever_class(name).has_vectors]
    if not names:
        mend = "Add one that learns vectors, e.g. `sasrec: {}`, to `retrievers`."
        raise UserError("no retriever has vectors", str(project.path), mend)
    if given is not None and given not in names:
        raise UserError("it has no vectors, or is not in `retrievers`", given, f"Choose one of {', '.join(names)}.")
    return given or names[0]


def _vectors(project: Project, name: str, n_queries: int) -> tuple[dt.date, np.ndarray, np.ndarray, np.ndarray]:
    """The newest as-of day with a model, its item vectors, users' vectors, and the items' ids."""
    warehouse, store = warehouse_of(project), artifacts_of(project)
    sql = "SELECT max(as_of_day) AS day FROM artifacts WHERE asset = ?"
    day = warehouse.read(sql, [name])["day"][0] if warehouse.has_table("artifacts") else None
    if day is None:
        raise UserError("there are no vectors yet", name, "Run `sluice build` first.")
    data = Interactions.load(artifact_folder(warehouse, store, "interaction_sequences", day))
    metric = project.settings.index.metric
    model = compared_by(metric, load(name, artifact_folder(warehouse, store, name, day), "final"))
    queries, users = index_queries(model, data, sample_users(data.n_users, n_queries))
    refuse_unusable(queries, data.user_ids[users], f"user vectors of {name}", zeros_are_refused=False)
    queries = queries[queries.any(axis=1)]  # To a user without a vector every item is as near: all would be found.
    if len(queries) < LEAST_QUERIES:
        raise UserError(f"{len(queries)} users have a vector", name, "Tuning needs two or more.")
    return day, model.item_vectors(), queries, data.item_ids


def lines_for_config(chosen: Point) -> list[str]:
    """What to write into sluice.yaml."""
    return ["index:", *(f"  {name}: {value}" for name, value in own_settings(chosen.config).items())]


def why_none(tuning: Tuning, min_recall: float, budget: Budget) -> str:
    """Which limit nothing kept, and what came nearest."""
    affordable = [point for point in tuning.points if point.can_be_had(budget)]
    finding = [point for point in affordable if min(point.recall, point.held_out_recall) >= min_recall]
    if finding:
        fastest = min(finding, key=lambda point: point.microseconds)
        return f"what finds enough takes {fastest.microseconds:,.3g} µs a query or more ({KINDS[fastest.config.kind]})"
    if not affordable:
        return "not even exact search is within the limits of build and size"
    best = max(affordable, key=lambda point: min(point.recall, point.held_out_recall))
    return f"the most that is found is {min(best.recall, best.held_out_recall):.4f} ({KINDS[best.config.kind]})"


def _show(tuning: Tuning, k: int, page: Path) -> None:
    shown = sorted((point for point in tuning.points if point.is_on_front), key=lambda point: point.microseconds)
    rows = [
        {
            "": "*" if point.is_chosen else "",
            "index": built_with(point.config),
            "effort": effort_of(point.config, k),
            "ranked again": own_settings(point.config).get("refine_factor"),
            "recall": round(point.recall, 4),
            "held out": round(point.held_out_recall, 4),
            "µs": round(point.microseconds),
            "s to build": round(point.build_seconds, 1),
            "size": in_bytes(point.n_bytes),
        }
        for point in shown
    ]
    say(f"the front, of {len(tuning.points)} ways that were tried (sluice sql --live 'FROM {TABLE}' has all):")
    console.print(as_table(pl.DataFrame(rows, infer_schema_length=None)))
    for one in tuning.skipped:
        dear = f"about {one.cost.seconds:,.3g} s to build, {in_bytes(one.cost.n_bytes)}"
        say(f"not built: {built_with(one.config)} ({dear})")
    say(f"page       {page}")


def _write(project: Project, report: TuningReport, file: str) -> Path:
    folder = project.output / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(tuning_page(report), encoding="utf-8")
    return folder / file


def limited(build_seconds: float | None, microseconds: float | None, megabytes: float | None) -> Budget:
    """A budget from what was given; `None` is no limit."""
    n_bytes = math.inf if megabytes is None else 1e6 * megabytes
    return Budget(
        math.inf if build_seconds is None else build_seconds,
        math.inf if microseconds is None else microseconds,
        n_bytes,
    )
