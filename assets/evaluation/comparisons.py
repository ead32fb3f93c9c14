"""`comparisons`: is one model better than another on the same users, how sure is that, and what could have been shown?

Grain: as-of day, model, against, metric, k. Partition D compares, at the end of D, the newest lists whose test days are
complete. Stale when metrics are. Read by the report and by people.
"""

import datetime as dt

import dagster as dg
import polars as pl

from assets.evaluation.judged_lists import DAYS, DIFFERENCE_COLUMNS, store
from assets.evaluation.scoring import complete_target, read_lists, read_window
from assets.graph import Columns, Graph, as_of, table_metadata
from models.evaluation.comparisons import COMPARISONS_SCHEMA, compare_models
from models.evaluation.metrics import METRICS, per_user_metrics
from resources.warehouse import Warehouse

FINAL, BASELINE = "recommendations", "recent_popularity"

COLUMNS: Columns = {
    **DAYS,
    "model": ("VARCHAR", "The model in question"),
    "against": ("VARCHAR", "The one it is compared with, on the same users"),
    "metric": ("VARCHAR", "See docs/metrics.md"),
    "k": ("INTEGER", "List length"),
    **DIFFERENCE_COLUMNS,
    "p_adjusted": ("DOUBLE", "The same, adjusted (Holm) over all comparisons of the metric and k"),
    "effect_size": ("DOUBLE", "The difference in standard deviations of the users' differences"),
    "smallest_detectable": ("DOUBLE", "The least true difference that these users would show with a chance of 80 %"),
    "n_users": ("INTEGER", "Users behind it"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The asset."""
    common = graph.as_of_asset("evaluation", {"polars", "duckdb"}, ["metrics"])

    @dg.asset(description="Models against each other on the same users: intervals, p-values, effect sizes", **common)
    def comparisons(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        day = as_of(context)
        target = complete_target(graph, warehouse, day)
        rows = compare(graph, warehouse, target) if target else pl.DataFrame(schema=COMPARISONS_SCHEMA)
        table = ("comparisons", COLUMNS, "One comparison of two models, as of one day")
        frame, snapshot = store(warehouse, table, rows, day, target)
        return dg.MaterializeResult(metadata=table_metadata("comparisons", COLUMNS, frame, snapshot))

    return comparisons


def compare(graph: Graph, warehouse: Warehouse, target: dt.date) -> pl.DataFrame:
    """The final lists against every retriever's, and every retriever's against recent popularity's."""
    settings = graph.settings
    relevant = read_window(warehouse, target, target + dt.timedelta(days=settings.split.test_days)).truth.relevant
    if relevant.is_empty():
        return pl.DataFrame(schema=COMPARISONS_SCHEMA)
    lists = read_lists(warehouse, target, max(settings.evaluation.ks))
    values = {model: per_user_metrics(rows, relevant, settings.evaluation.ks) for model, rows in lists.items()}
    pairs = [(FINAL, other) for other in values if other != FINAL]
    if BASELINE in values:
        pairs += [(model, BASELINE) for model in values if model not in (FINAL, BASELINE)]
    return compare_models(values, pairs, METRICS, settings.evaluation.n_resamples)
