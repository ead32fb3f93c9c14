"""`evaluation_report`: one self-contained HTML page: verdict, metrics with intervals, curves, funnel, example users.

Grain: one artifact per as-of day. Stale when metrics, models or lists change. Read by people, through the UI, through
`sluice report`, or as a file.
"""

import datetime as dt
import html

import dagster as dg
import polars as pl

from assets.artifacts import artifact_digest, artifact_metadata, store_artifact
from assets.embeddings.vector_tables import vector_retrievers
from assets.evaluation.checks import last_released_metrics, tolerances
from assets.evaluation.costs import asset_costs, profile_costs
from assets.evaluation.examples import example_users
from assets.evaluation.index_rows import index_rows
from assets.evaluation.judged_window import judged_window
from assets.evaluation.metrics import complete
from assets.graph import Graph, as_of
from models.evaluation.gate import compare_with_release
from models.evaluation.oracle import oracle_share
from models.reports.markdown import markdown_image, metric_bars_png
from models.reports.markdown_summary import markdown_summary
from models.reports.page import evaluation_page
from models.reports.report import EvaluationReport
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

FUNNEL_SQL = """SELECT sum(n_lines)::BIGINT, sum(n_accepted)::BIGINT, sum(n_kept)::BIGINT, sum(n_interactions)::BIGINT
    FROM event_funnel WHERE source_day <= ?"""

TREND_SQL = """SELECT as_of_day, model, value, ci_low, ci_high FROM metrics
    WHERE metric = 'ndcg' AND slice = 'all' AND k = ? AND n_test_days >= ? AND partition_day <= ?
    QUALIFY row_number() OVER (PARTITION BY as_of_day, model ORDER BY partition_day DESC) = 1"""


def build(graph: Graph, learned: list[str]) -> dg.AssetsDefinition:
    """The report asset.

    Args:
        graph: The project.
        learned: Names of the assets partitioned by as-of day, whose cost is shown.
    """
    deps = ["metrics", "comparisons", "slice_findings", "recommendations", "profile_calls"]
    deps += [*graph.settings.retrievers, *graph.settings.rankers]
    deps += [f"{name}_index" for name in vector_retrievers(graph)]
    common = graph.as_of_asset("evaluation", {"html"}, deps)

    @dg.asset(description="One self-contained HTML page: may it go out, and where is it worse?", **common)
    def evaluation_report(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> dg.MaterializeResult:
        day, k = as_of(context), graph.settings.evaluation.ks[0]
        costs = asset_costs(context.instance, artifacts, learned, day)
        report = gather(graph, warehouse, artifacts, day, costs)
        page = evaluation_page(report) if report.metrics.height else page_without_metrics(report, day)
        about = {"n_metrics": report.metrics.height}
        digest = store_artifact(
            warehouse, artifacts, "evaluation_report", day, lambda to: _write(to / "report.html", page), about
        )
        path = artifacts.get("evaluation_report", digest) / "report.html"
        shown: dict = {
            **artifact_metadata(warehouse, digest),
            "report": dg.MetadataValue.path(str(path)),
            "kib": len(page.encode()) // 1024,
        }
        if report.metrics.height:
            picture = markdown_image(metric_bars_png(report.metrics, "ndcg", k), f"NDCG@{k} by model")
            shown["metrics"] = dg.MetadataValue.md(picture)
            shown["summary"] = dg.MetadataValue.md(markdown_summary(report))
        return dg.MaterializeResult(metadata=shown)

    return evaluation_report


def gather(
    graph: Graph, warehouse: Warehouse, store: ArtifactStore, day: dt.date, costs: pl.DataFrame | None = None
) -> EvaluationReport:
    """Everything the page of one day shows; metrics are those of the newest lists whose test days are complete."""
    settings = graph.settings
    rows = warehouse.read("SELECT * EXCLUDE (partition_day) FROM metrics WHERE partition_day = ?", [day])
    metrics = complete(rows, settings.split.test_days)
    manifests = {
        name: store.manifest(name, artifact_digest(warehouse, name, day))
        for name in (*settings.retrievers, *settings.rankers)
    }
    ranker = manifests[next(iter(settings.rankers))]
    then = last_released_metrics(warehouse)
    ours = metrics.filter(pl.col("model") == "recommendations")
    failures = (
        compare_with_release(ours, then, tolerances(settings.checks)) if then is not None and metrics.height else None
    )
    judged = {}
    if metrics.height:
        judged = judged_window(
            warehouse, metrics["as_of_day"][0], metrics["scored_through"][0], settings.evaluation.ks[0]
        )
    return EvaluationReport(
        **judged,
        metrics=metrics,
        project=settings.name,
        k=settings.evaluation.ks[0],
        n_resamples=settings.evaluation.n_resamples,
        failures=failures,
        last_release=then,
        oracle_share=share_of_oracle(metrics, settings.evaluation.ks[0]),
        learning_curves={name: found["curve"] for name, found in manifests.items() if len(found["curve"]) > 1},
        importance=pl.DataFrame(ranker["importance"]),
        funnel=funnel(warehouse, day),
        examples=example_users(graph, warehouse, metrics),
        comparisons=warehouse.read("SELECT * FROM comparisons WHERE partition_day = ?", [day]),
        costs=costs,
        profile_costs=profile_costs(warehouse, day),
        indexes=index_rows(warehouse, store, vector_retrievers(graph), day),
        findings=warehouse.read("SELECT * FROM slice_findings WHERE partition_day = ?", [day]),
        trend=warehouse.read(TREND_SQL, [settings.evaluation.ks[0], settings.split.test_days, day]),
    )


def page_without_metrics(report: EvaluationReport, day: dt.date) -> str:
    """The page of a young shop: there is no as-of day yet whose test days are all there."""
    title = f"{html.escape(report.project)}: lists as of {day}"
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{count:,}</td></tr>" for name, count in report.funnel)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n<h1>{title}</h1>\n'
        "<p>Nothing to score yet: lists are scored once their test days have come.</p>\n"
        f"<table>{rows}</table>\n</html>\n"
    )


def share_of_oracle(metrics: pl.DataFrame, k: int) -> float | None:
    """The final lists' share of the oracle's NDCG; `None` for a real shop or without metrics."""
    rows = metrics.filter((pl.col("metric") == "ndcg") & (pl.col("k") == k) & (pl.col("slice") == "all"))
    values = dict(rows.select("model", "value").iter_rows())
    if not values.get("oracle"):
        return None
    return oracle_share(values["recommendations"], values["oracle"])


def funnel(warehouse: Warehouse, day: dt.date) -> list[tuple[str, int]]:
    """From lines to lists, up to one day."""
    counts = warehouse.read(FUNNEL_SQL, [day]).row(0)
    stages = list(zip(("lines read", "accepted", "kept by cleaning", "interactions"), counts, strict=True))
    for name, table in (("candidates", "candidates"), ("recommendations", "recommendations")):
        rows = warehouse.read(f"SELECT count(*) AS n FROM {table} WHERE as_of_day = ?", [day])
        stages.append((name, rows["n"][0]))
    return [(name, int(count or 0)) for name, count in stages]


def _write(path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
