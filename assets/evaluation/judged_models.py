"""`judged_models`: what the judgements come to, how sure that is, and whether the users' own choices agree.

Grain: as-of day, way of judging, model and against. Exists where `evaluation.judge` is set. Stale when judgements
change. Read by people.
"""

import dagster as dg
import polars as pl

from assets.evaluation.judged_lists import DAYS, store
from assets.evaluation.scoring import complete_target
from assets.graph import Columns, Graph, as_of, preview, table_metadata
from models.evaluation.judging.summary import summarise
from resources.warehouse import Warehouse

CHECK = "the_judge_is_mostly_sure"
LEAST_SURE = 0.5
COLUMNS: Columns = {
    **DAYS,
    "way": ("VARCHAR", "pairwise, pointwise or likelihood"),
    "model": ("VARCHAR", "Whose lists"),
    "against": ("VARCHAR", "Whose other lists; null for ratings"),
    "n_users": ("INTEGER", "Users whose lists were judged"),
    "n_sure": ("INTEGER", "Of them with a verdict that does not depend on the order"),
    "n_no_answer": ("INTEGER", "Of them without one, because an answer is missing or invalid"),
    "value": ("DOUBLE", "Share of sure verdicts for the model, ties half; mean of sure ratings, 1 to 5"),
    "ci_low": ("DOUBLE", "Lower end of the 95 % bootstrap interval by user"),
    "ci_high": ("DOUBLE", "Upper end"),
    "p_value": ("DOUBLE", "Two-sided, of a share of one half; null for ratings"),
    "n_with_clicks": ("INTEGER", "Sure, untied verdicts where the lists differ in what the user then took"),
    "agreement": ("DOUBLE", "Share of these that say what the user's choices say"),
    "agreement_low": ("DOUBLE", "Lower end of its 95 % Wilson interval"),
    "agreement_high": ("DOUBLE", "Upper end"),
}


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """The asset with its check, which warns, where a judge is configured."""
    if graph.settings.evaluation.judge is None:
        return []
    common = graph.as_of_asset("evaluation", {"polars"}, ["judgements"])
    words = "At least half of the verdicts are the same in both orders; otherwise what counts is a chosen few."

    @dg.asset(
        description="What a language model's judgements come to, with intervals and agreement with clicks",
        check_specs=[dg.AssetCheckSpec(CHECK, asset="judged_models", description=words)],
        **common,
    )
    def judged_models(context: dg.AssetExecutionContext, warehouse: Warehouse):
        day = as_of(context)
        rows = warehouse.read("SELECT * FROM judgements WHERE partition_day = ?", [day])
        summary = summarise(rows, graph.settings.evaluation.n_resamples)
        table = ("judged_models", COLUMNS, "What a judge holds of one model's lists")
        frame, snapshot = store(warehouse, table, summary, day, complete_target(graph, warehouse, day))
        shown = {"judged": dg.MetadataValue.md(preview(frame.drop("partition_day", "as_of_day"), 20))}
        yield dg.MaterializeResult(metadata={**table_metadata("judged_models", COLUMNS, frame, snapshot), **shown})
        yield check(frame)

    return [judged_models]


def check(frame: pl.DataFrame) -> dg.AssetCheckResult:
    """Warns where the order decides most of the verdicts."""
    shares = frame.select("way", "model", "against", share=pl.col("n_sure") / pl.col("n_users"))
    unsure = shares.filter(pl.col("share") < LEAST_SURE)
    return dg.AssetCheckResult(
        check_name=CHECK,
        passed=unsure.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "limits": {"least_share": LEAST_SURE},
            "unsure": dg.MetadataValue.md(preview(unsure, 10)),
            "remedy": "Ask a stronger model, or fewer items at once (evaluation.judge.k).",
        },
    )
