"""One asset per configured retriever: trained without the validation days to judge it, then on everything.

Grain: one artifact per retriever and as-of day, with two models in it: `validation/` has seen nothing of the last
`split.validation_days` (it chooses the epoch, feeds the ranker's training set and the gate), `final/` has seen
everything up to the as-of day (it makes the candidates).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np

from assets.artifacts import artifact_folder, artifact_metadata, store_artifact
from assets.display import interval_text, rounded
from assets.embeddings.continuation import Earlier, find_earlier, write_training
from assets.embeddings.descriptions import Descriptions, read_descriptions
from assets.graph import Graph, as_of, end_of
from assets.progress_log import log_now_and_then
from models.evaluation.intervals import bootstrap_intervals, paired_difference
from models.reports.markdown import learning_curve_png, markdown_image
from models.retrieval import registry
from models.retrieval.contract import FitReport, Retriever
from models.retrieval.interactions import Interactions
from models.training.config import TrainingConfig
from models.training.validation import Validation
from resources.artifact_store import ArtifactStore
from resources.compute import pick_device
from resources.warehouse import Warehouse

BASELINE = "recent_popularity"
DAY_SECONDS = 86_400


@dataclass
class Trained:
    """A retriever trained twice, and how the first one did on the validation days.

    Attributes:
        judged: Fitted without the validation days.
        final: Fitted on everything.
        report: How `judged` was trained.
        score: NDCG@10 of `judged` by validation user, `[n_users]`; empty where no user came back.
        baseline: The same of recent popularity.
        continues_from: As-of day of the models trained from the beginning that these continue; `None`: they are such.
    """

    judged: Retriever
    final: Retriever
    report: FitReport
    score: np.ndarray
    baseline: np.ndarray
    continues_from: str | None = None


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """An asset for each retriever in the config."""
    return [_asset(graph, name) for name in graph.settings.retrievers]


def _asset(graph: Graph, name: str) -> dg.AssetsDefinition:
    unfitted = registry.new_retriever(name, graph.settings.retrievers[name])
    kind = "torch" if unfitted.has_vectors else "numpy"
    common = graph.as_of_asset("embeddings", {kind}, _deps(unfitted))
    summary = (type(unfitted).__doc__ or name).strip().splitlines()[0]
    specs = [] if unfitted.is_baseline else [_spec(name)]

    @dg.asset(name=name, description=summary, check_specs=specs, **common)
    def retriever(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        data = Interactions.load(artifact_folder(warehouse, artifacts, "interaction_sequences", day))
        n_days = graph.settings.split.validation_days
        told = read_descriptions(warehouse, unfitted, day, n_days, data.item_ids)
        config = unfitted.config
        earlier = None
        if unfitted.continues and isinstance(config, TrainingConfig):
            earlier = find_earlier(warehouse, artifacts, config, name, day, told.encoder)
        cut = end_of(day) - n_days * DAY_SECONDS

        def fill(folder: Path) -> None:
            save(trained, folder)
            if unfitted.continues:
                write_training(folder, day, earlier, data.item_ids, told.encoder)

        with artifacts.unfinished(name, str(day)) as checkpoints:
            trained = train(name, graph, data, cut, context.log.info, earlier, told, checkpoints)
            about = {"retriever": name, "config": config.model_dump(mode="json"), **metrics(trained)}
            about["curve"] = trained.report.curve
            digest = store_artifact(warehouse, artifacts, name, day, fill, about)
        shown = {**in_words(metrics(trained)), **artifact_metadata(warehouse, digest), **curve(name, trained.report)}
        yield dg.MaterializeResult(metadata=shown)
        for spec in specs:
            yield check(trained, spec.name, graph.settings.checks.weak_retriever)

    return retriever


def _deps(unfitted: Retriever) -> list[str]:
    deps = ["interaction_sequences"]
    if unfitted.reads_item_features:
        deps += ["item_text_embeddings", "core_item_versions"]
    if unfitted.reads_user_texts:
        deps += ["user_text_embeddings"]
    return deps


def _spec(name: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        f"{name}_is_not_worse_than_{BASELINE}",
        asset=name,
        blocking=True,
        description=f"On the validation days, NDCG@10 is not significantly below {BASELINE}'s.",
    )


def train(
    name: str,
    graph: Graph,
    data: Interactions,
    cut: int,
    log: Any,
    earlier: Earlier | None = None,
    told: Descriptions = Descriptions(),
    checkpoints: Path | None = None,
) -> Trained:
    """Fit on what lies before `cut`, judge on what follows, fit on everything for as many epochs.

    Args:
        name: The retriever.
        graph: The project.
        data: Everything up to the as-of day.
        cut: First second of the validation days.
        log: Called with the progress.
        earlier: Models to continue from, each for `continued_epochs`; `None` trains both from the beginning.
        told: What is known of items and users, for a retriever that reads it.
        checkpoints: Where both models' states are kept after each epoch; what a killed run of the same left there is
            continued. `None` keeps none.
    """
    settings = graph.settings
    past, future = data.before(cut), data.since(cut)
    judged, final = (registry.new_retriever(name, settings.retrievers[name]) for _ in ("judged", "final"))
    config = final.config
    device = pick_device(settings.compute.device) if final.has_vectors else "cpu"
    told.tell(judged, told.users_before)
    told.tell(final, told.users)
    if checkpoints:
        judged.checkpoint_folder, final.checkpoint_folder = checkpoints / "judged", checkpoints / "final"
    n_epochs = None
    if earlier and isinstance(config, TrainingConfig):
        positions = earlier.positions(data.item_ids)
        judged.start_from(earlier.judged, positions)
        final.start_from(earlier.final, positions)
        n_epochs = config.continued_epochs
    validation = Validation(past, future)
    watched = future if len(validation.users) else None
    progress = log_now_and_then(log)
    report = judged.fit(past, watched, device, progress, n_epochs)
    final.fit(data, None, device, progress, n_epochs or report.best_epoch or None)
    baseline = registry.new_retriever(BASELINE, settings.retrievers[BASELINE])
    baseline.fit(past)
    from_day = str(earlier.from_scratch_on) if earlier else None
    return Trained(judged, final, report, validation.per_user(judged), validation.per_user(baseline), from_day)


def save(trained: Trained, folder: Path) -> None:
    """Both models, and the validation NDCG of every user."""
    for part, model in (("validation", trained.judged), ("final", trained.final)):
        (folder / part).mkdir()
        model.save(folder / part)
    np.save(folder / "validation_ndcg.npy", trained.score, allow_pickle=False)


def load(name: str, folder: Path, part: str) -> Retriever:
    """The `validation` or the `final` model of a retriever's artifact."""
    return registry.retriever_class(name).load(folder / part)


def metrics(trained: Trained) -> dict[str, Any]:
    """What the manifest and the UI say of it."""
    shown: dict[str, Any] = {"n_validation_users": len(trained.score)}
    if len(trained.score):
        mean, low, high = bootstrap_intervals(trained.score[:, None])[0]
        shown |= {"validation_ndcg_at_10": mean, "validation_ndcg_at_10_interval": [low, high]}
        shown |= {f"{BASELINE}_ndcg_at_10": float(trained.baseline.mean())}
    if trained.report.best_epoch:
        shown["best_epoch"] = trained.report.best_epoch
    if trained.report.memory:
        shown["estimated_memory_mib"] = round(trained.report.memory / 2**20, 1)
    if trained.continues_from:
        shown["continues_the_model_of"] = trained.continues_from
    return shown | trained.report.notes | {"fit_seconds": round(trained.report.seconds, 2)}


def in_words(values: dict[str, Any]) -> dict[str, Any]:
    """Metrics as the UI shows them: four digits, intervals as text."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, list):
            shown[name] = interval_text(*value)
        else:
            shown[name] = rounded(value) if isinstance(value, float) else value
    return shown


def curve(name: str, report: FitReport) -> dict[str, Any]:
    """The learning curve, as rows and as a picture; nothing for models without epochs."""
    if len(report.curve) < 2:
        return {}
    picture = markdown_image(learning_curve_png(report.curve, name), f"Learning curve of {name}")
    return {"learning_curve": dg.MetadataValue.md(picture), "curve": dg.MetadataValue.json(report.curve)}


def check(trained: Trained, check_name: str, weak: str) -> dg.AssetCheckResult:
    """Fails when the baseline is better by more than chance allows; a mere warning where `weak` is `warn`."""
    if not len(trained.score):
        words = "No user with a past came back in the validation days: nothing to compare."
        return dg.AssetCheckResult(check_name=check_name, passed=True, metadata={"note": words})
    found = paired_difference(trained.score, trained.baseline)
    return dg.AssetCheckResult(
        check_name=check_name,
        passed=bool(found.high >= 0),
        severity=dg.AssetCheckSeverity.WARN if weak == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata={
            "ndcg_at_10": rounded(trained.score.mean()),
            "baseline_ndcg_at_10": rounded(trained.baseline.mean()),
            "difference_interval": interval_text(found.low, found.high),
            "n_users": len(trained.score),
            "remedy": "Look at the learning curve, take the retriever out, or set checks.weak_retriever to warn.",
        },
    )
