"""One asset per configured ranker: learns to order the merged candidates.

Grain: one artifact per as-of day. Stale when the data set or the ranker's settings change. Read by `recommendations`.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.artifacts import artifact_metadata, store_artifact
from assets.display import interval_text, rounded
from assets.graph import Graph, as_of
from assets.ranking.ranking_dataset import load
from models.evaluation.intervals import paired_difference
from models.ranking import registry
from models.ranking.validation import ranker_and_best_source_ndcg
from models.reports.markdown import learning_curve_png, markdown_image
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

FEWEST_LISTS = 30
"""Below this the bootstrap interval of a difference is too narrow to be believed."""


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """An asset for each ranker in the config."""
    return [_asset(graph, name) for name in graph.settings.rankers]


def _asset(graph: Graph, name: str) -> dg.AssetsDefinition:
    common = graph.as_of_asset("ranking", {"lightgbm"}, ["ranking_dataset"])
    spec = dg.AssetCheckSpec(
        f"{name}_is_not_worse_than_its_best_source",
        asset=name,
        blocking=True,
        description="On users it was not trained on, NDCG@10 is not significantly below the best single retriever's.",
    )
    summary = (registry.ranker_class(name).__doc__ or name).strip().splitlines()[0]

    @dg.asset(name=name, description=summary, check_specs=[spec], **common)
    def ranker(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        dataset = load(warehouse, artifacts, day)
        config = registry.config_class(name).model_validate(graph.settings.rankers[name])
        model = registry.ranker_class(name)(config)
        report = model.fit(dataset)
        ours, best, source = ranker_and_best_source_ndcg(dataset, model)
        about: dict[str, Any] = {"config": config.model_dump(mode="json"), "best_epoch": report.best_epoch}
        if len(ours):
            about |= {"validation_ndcg_at_10": float(ours.mean()), f"{source}_ndcg_at_10": float(best.mean())}
        importance = model.feature_importance().to_dicts()
        stored = {**about, "curve": report.curve, "importance": importance}
        digest = store_artifact(warehouse, artifacts, name, day, model.save, stored)
        curve = dg.MetadataValue.md(markdown_image(learning_curve_png(report.curve, name), f"Learning curve of {name}"))
        shown: dict[str, Any] = {
            **artifact_metadata(warehouse, digest),
            "importance": dg.MetadataValue.json(importance[:15]),
            "learning_curve": curve,
        }
        digits = {name: rounded(value) if isinstance(value, float) else value for name, value in about.items()}
        yield dg.MaterializeResult(metadata={**digits, **shown})
        yield check(spec.name, ours, best, source)

    return ranker


def check(name: str, ours, best, source: str) -> dg.AssetCheckResult:
    """Fails when the best source is better by more than chance allows; a few lists cannot tell."""
    if len(ours) < FEWEST_LISTS:
        words = f"{len(ours)} lists were left out of training, {FEWEST_LISTS} are needed to compare."
        return dg.AssetCheckResult(check_name=name, passed=True, metadata={"note": words})
    difference = paired_difference(ours, best)
    return dg.AssetCheckResult(
        check_name=name,
        passed=bool(difference.high >= 0),
        metadata={
            "ndcg_at_10": rounded(ours.mean()),
            "best_source": source,
            "best_source_ndcg_at_10": rounded(best.mean()),
            "difference_interval": interval_text(difference.low, difference.high),
            "n_users": len(ours),
            "remedy": "Give the ranker more days (split.validation_days), or fewer or smaller trees.",
        },
    )
