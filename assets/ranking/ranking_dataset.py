"""`ranking_dataset`: candidates of the judged retrievers, features as of a cut, and what happened afterwards.

Grain: label window, user, item and as-of day. The windows fill the last `split.validation_days` days before the as-of
day. Candidates come from models that saw nothing after the first window's cut (baselines: after the window's own),
features count nothing after the window's cut, labels are the interactions of the window.
Stale when a retriever or the tables change. Read by the ranker.
"""

import datetime as dt
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl

from assets.artifacts import artifact_folder, artifact_metadata, store_artifact
from assets.graph import Graph, as_of, end_of, preview
from assets.point_in_time import available, interactions_between, items_known
from assets.ranking.candidate_lists import offer
from assets.ranking.feature_context import feature_context
from models.ranking.candidates import merge_candidates
from models.ranking.dataset import ranking_dataset as label_rows
from models.ranking.features import candidate_features
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

FILE = "dataset.parquet"


def build(graph: Graph) -> dg.AssetsDefinition:
    """The ranking data set asset."""
    deps = [*graph.settings.retrievers, "interaction_sequences", "item_text_embeddings"]
    tables = ["core_interactions", "core_undone_interactions", "feat_user_daily", "feat_item_daily"]
    common = graph.as_of_asset("ranking", {"polars"}, [*deps, *tables, "core_item_versions"])

    @dg.asset(description="Point-in-time features and labels the ranker learns from", **common)
    def ranking_dataset(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> dg.MaterializeResult:
        day = as_of(context)
        frame = make(graph, warehouse, artifacts, day)
        about = {
            "n_rows": frame.height,
            "n_users": frame["user_id"].n_unique(),
            "n_positive": int((frame["gain"] > 0).sum()),
        }
        digest = store_artifact(warehouse, artifacts, "ranking_dataset", day, lambda to: save(frame, to), about)
        columns = dg.MetadataValue.json(frame.columns)
        head = dg.MetadataValue.md(preview(frame.select(frame.columns[:8])))
        return dg.MaterializeResult(
            metadata={**about, **artifact_metadata(warehouse, digest), "columns": columns, "preview": head}
        )

    return ranking_dataset


def make(graph: Graph, warehouse: Warehouse, store: ArtifactStore, day: dt.date) -> pl.DataFrame:
    """Candidates as of the cut of every label window, with features and labels, one window after the other."""
    data = Interactions.load(artifact_folder(warehouse, store, "interaction_sequences", day))
    frames = []
    for window, (cut, until) in enumerate(windows(graph, day)):
        past, future = data.before(end_of(cut)), data.since(end_of(cut)).before(end_of(until))
        users = np.flatnonzero((past.lengths() > 0) & (future.lengths() > 0))
        known = items_known(warehouse, cut)
        allowed = np.isin(data.item_ids, known["item_id"].to_numpy()[available(known).to_numpy()])
        offered = offer(graph, warehouse, store, day, "validation", past, users, allowed)
        merged = merge_candidates(offered, list(graph.settings.retrievers))
        features = candidate_features(merged, feature_context(warehouse, cut, vectors_of=day))
        frames.append(label_rows(features, interactions_between(warehouse, cut, until), window))
    return pl.concat(frames)


def windows(graph: Graph, day: dt.date) -> list[tuple[dt.date, dt.date]]:
    """`(cut, until)` of every label window: what happened after `cut` up to `until` labels what was known at `cut`.

    The windows lie one behind the other and fill the validation days; the last may be longer.
    """
    split = graph.settings.split
    n_windows = min(split.label_windows, split.validation_days)
    length = split.validation_days // n_windows
    cuts = [day - dt.timedelta(days=split.validation_days - number * length) for number in range(n_windows)]
    return list(zip(cuts, [*cuts[1:], day], strict=True))


def save(frame: pl.DataFrame, folder: Path) -> None:
    """Write the data set as Parquet."""
    frame.write_parquet(folder / FILE, compression="zstd")


def load(warehouse: Warehouse, store: ArtifactStore, day: dt.date) -> pl.DataFrame:
    """The data set of one as-of day."""
    return pl.read_parquet(artifact_folder(warehouse, store, "ranking_dataset", day) / FILE)
