"""`metrics`: how good the lists of earlier as-of days turned out to be, by what users did since.

Grain: as-of day, model, metric, k, slice and scored_through. Partition D scores, at the end of D, the lists of every
as-of day of the `test_days` before D on the days that have come since, and the newest lists whose test days are
complete. So the row of an as-of day is scored again every day until its window is full, and nothing later than D is
read. Stale when recommendations, candidates or interactions change. Read by the report, the gate and people.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.evaluation.checks import audit, metric_checks, metric_specs
from assets.evaluation.scoring import as_of_days_to_score, score_lists
from assets.graph import Columns, Graph, as_of, polars_schema, table_metadata
from models.reports.markdown import markdown_image, metric_bars_png
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "The lists were made from what was known at the end of this day"),
    "scored_through": (
        "DATE",
        "The last day whose interactions count as truth: partition_day, or the end of the test days",
    ),
    "n_test_days": ("INTEGER", "Days between the two"),
    "model": ("VARCHAR", "A retriever, recommendations (the final lists), oracle, or population"),
    "metric": ("VARCHAR", "ndcg, recall, ...; see docs/metrics.md"),
    "k": ("INTEGER", "List length; 0 where it has no meaning"),
    "slice": ("VARCHAR", "all, or a group of users such as activity=low"),
    "value": ("DOUBLE", "Mean over users"),
    "ci_low": ("DOUBLE", "Lower end of the 95 % bootstrap interval by user"),
    "ci_high": ("DOUBLE", "Upper end"),
    "n_users": ("INTEGER", "Users behind the mean"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The metrics asset with the gate's checks."""
    days = graph.settings.split.test_days
    earlier = dg.TimeWindowPartitionMapping(
        start_offset=-2 * days, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    window = dg.TimeWindowPartitionMapping(start_offset=1 - days, allow_nonexistent_upstream_partitions=True)
    deps = [
        dg.AssetDep("recommendations", partition_mapping=earlier),
        dg.AssetDep("candidates", partition_mapping=earlier),
        dg.AssetDep("core_interactions", partition_mapping=window),
        dg.AssetDep("core_undone_interactions", partition_mapping=window),
    ]
    common = graph.as_of_asset("evaluation", {"polars", "duckdb"}, deps)

    @dg.asset(
        description="Metrics with intervals of earlier lists on the days that have come since",
        check_specs=metric_specs(),
        **common,
    )
    def metrics(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        targets = as_of_days_to_score(warehouse, day, days)
        leaked = audit(warehouse, artifacts, targets)
        frames = [
            score_lists(graph, warehouse, target, min(day, target + dt.timedelta(days=days)))
            for target in targets
            if leaked[target].is_empty()
        ]
        frame = pl.concat(frames) if frames else empty()
        frame = frame.with_columns(pl.lit(day).alias("partition_day"))
        columns = {
            "partition_day": ("DATE", "Partition: the day at whose end the earlier lists were scored"),
            **COLUMNS,
        }
        warehouse.ensure_table("metrics", columns, "One number of one model, as of one day")
        snapshot = warehouse.replace_days("metrics", "partition_day", day, day, frame)
        metadata = table_metadata("metrics", columns, frame, snapshot)
        yield dg.MaterializeResult(metadata={**metadata, **picture(frame, graph.settings.evaluation.ks[0])})
        yield from metric_checks(graph, warehouse, frame, leaked)

    return metrics


def empty() -> pl.DataFrame:
    """No rows, right columns."""
    return pl.DataFrame(schema=polars_schema(COLUMNS))


def complete(frame: pl.DataFrame, test_days: int) -> pl.DataFrame:
    """Rows of the newest as-of day whose test days are all there; none before the first such day."""
    full = frame.filter(pl.col("n_test_days") >= test_days)
    return full.filter(pl.col("as_of_day") == pl.col("as_of_day").max())


def picture(frame: pl.DataFrame, k: int) -> dict[str, dg.MetadataValue]:
    """Bars with intervals for the UI; nothing before there is anything to score."""
    rows = frame.filter((pl.col("metric") == "ndcg") & (pl.col("k") == k) & (pl.col("slice") == "all"))
    if rows.is_empty():
        return {"note": dg.MetadataValue.text("No earlier as-of day has lists yet: nothing to score.")}
    newest = rows.filter(pl.col("n_test_days") == rows["n_test_days"].max())
    newest = newest.filter(pl.col("as_of_day") == newest["as_of_day"].max())
    plot = markdown_image(metric_bars_png(newest, "ndcg", k), f"NDCG@{k} by model")
    return {f"ndcg_at_{k}": dg.MetadataValue.md(plot)}
