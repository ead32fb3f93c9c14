"""The evaluation report: one HTML page that carries everything it needs."""

from __future__ import annotations

import polars as pl

from models.reports.charts import bar_figure, curve_figure, series_of, to_svg, trend_figure
from models.reports.comparison_tables import comparison_table, findings_table
from models.reports.cost_section import cost_section
from models.reports.funnel_section import funnel_section
from models.reports.index_section import index_section
from models.reports.markdown import metric_bars
from models.reports.rendering import Picture, render
from models.reports.report import EvaluationReport
from models.reports.score_section import score_section
from models.reports.standing import standing_section
from models.reports.tables import funnel_rows, importance_rows, metric_table, slice_table, tiles
from models.reports.verdict import verdict
from models.reports.wording import FINAL_MODEL, METRIC_MEANINGS, METRIC_NAMES, ORACLE, REACH_METRICS, metric_title

_BAR_METRICS = ["ndcg", "recall", "mrr", "hit_rate"]


def evaluation_page(report: EvaluationReport) -> str:
    """Render the report.

    Nothing is loaded from anywhere: styles and plots are inline, there is no script, and the page's own security
    policy forbids both. All text is escaped.

    Args:
        report: What to show.

    Returns:
        A whole HTML document; the same input gives the same bytes.

    Raises:
        ValueError: `report.metrics` is empty or holds several as-of days.
    """
    days = report.metrics.select("as_of_day", "scored_through", "n_test_days").unique()
    if len(days) != 1:
        raise ValueError(f"a page is about one as-of day and window, found {len(days)}")
    metrics = report.metrics
    return render(
        "evaluation.html.jinja",
        report=report,
        window=days.row(0, named=True),
        verdict=verdict(metrics, report.baseline, report.k, report.failures, report.n_resamples),
        tiles=tiles(report),
        standing=standing_section(report),
        metric_table=metric_table(metrics, report.k),
        slice_table=slice_table(metrics, report.k),
        bars=_bars(metrics, _BAR_METRICS, report.k),
        compared=None if report.comparisons is None else comparison_table(report.comparisons, report.k),
        worse=None if report.findings is None else findings_table(report.findings),
        n_slices=0 if report.findings is None else report.findings["slice"].n_unique(),
        trend=_trend(report),
        reach=_bars(metrics, REACH_METRICS, report.k),
        taken=funnel_section(report.taken_funnel, report.k),
        scores=score_section(report.take_rates, report.list_order),
        curves=_curves(report),
        indexes=index_section(report.indexes),
        cost=cost_section(report.costs, report.profile_costs),
        importance=[] if report.importance is None else importance_rows(report.importance),
        funnel=funnel_rows(report.funnel),
        meanings=_meanings(metrics),
        yardstick=", the oracle aside" if ORACLE in set(metrics["model"]) else "",
    )


def _bars(metrics: pl.DataFrame, names: list[str], k: int) -> list[Picture]:
    pictures = []
    for name in names:
        if bars := metric_bars(metrics, name, k):
            title = metric_title(name, k)
            form = "{:.2f}" if name == "novelty" else "{:.4f}"
            pictures.append(Picture(to_svg(bar_figure(bars, title, form), f"bars-{name}"), f"{title} of each model"))
    return pictures


def _trend(report: EvaluationReport) -> list[Picture]:
    if report.trend is None or report.trend["as_of_day"].n_unique() < 2:
        return []
    title = f"{metric_title('ndcg', report.k)} over as-of days"
    names = [FINAL_MODEL, report.baseline]
    lines = {
        name: [tuple(row) for row in rows.select("as_of_day", "value", "ci_low", "ci_high").iter_rows()]
        for name in names
        if (rows := report.trend.filter(pl.col("model") == name).sort("as_of_day")).height
    }
    return [Picture(to_svg(trend_figure(lines, title), "trend"), f"{title}: {', '.join(lines)}")]


def _curves(report: EvaluationReport) -> list[Picture]:
    pictures = []
    for model, curve in report.learning_curves.items():
        for number, group in enumerate(series_of(curve)):
            part = [{name: step[name] for name in ("epoch", *group) if name in step} for step in curve]
            svg = to_svg(curve_figure(part, model), f"curve-{model}-{number}")
            pictures.append(Picture(svg, f"Learning curve of {model}: {', '.join(group)}"))
    return pictures


def _meanings(metrics: pl.DataFrame) -> list[tuple[str, str]]:
    present = set(metrics["metric"])
    return [(METRIC_NAMES[name], METRIC_MEANINGS[name]) for name in METRIC_NAMES if name in present]
