"""What each retriever offers each user: shared by `candidates` (final models) and `ranking_dataset` (judged ones)."""

import datetime as dt

import numpy as np
import polars as pl

from assets.artifacts import artifact_folder
from assets.embeddings.retrievers import load
from assets.embeddings.vector_tables import vector_retrievers
from assets.graph import Graph, end_of
from models.ann.index import AnnIndex
from models.retrieval.by_cosine import compared_by
from models.retrieval.interactions import Interactions
from models.retrieval.recommend import recommend
from models.retrieval.recommend_by_index import top_k_by_index
from resources.artifact_store import ArtifactStore
from resources.compute import pick_device
from resources.warehouse import Warehouse

DAY_SECONDS = 86_400


def active_users(data: Interactions, day: dt.date, active_days: int) -> np.ndarray:
    """Indices of users whose newest interaction lies in the last `active_days` days up to `day`."""
    since = end_of(day) - active_days * DAY_SECONDS
    has_history = data.lengths() > 0
    newest = np.zeros(data.n_users, dtype=np.int64)
    np.maximum.at(newest, data.user_of_position(), data.times)
    return np.flatnonzero(has_history & (newest >= since))


def offer(
    graph: Graph,
    warehouse: Warehouse,
    store: ArtifactStore,
    day: dt.date,
    part: str,
    histories: Interactions,
    users: np.ndarray,
    allowed: np.ndarray,
) -> pl.DataFrame:
    """Candidates of every configured retriever for some users.

    Args:
        graph: The project.
        warehouse: Where artifacts are looked up.
        store: Where they are loaded from.
        day: As-of day of the models.
        part: `final` or `validation`; final vector retrievers answer through their ANN index, and baselines count
            what the histories hold where it is `validation`.
        histories: Pasts of all users, in the models' vocabulary.
        users: Indices into `histories`.
        allowed: `[n_items]` bool, items that may be offered.

    Returns:
        Rows `user_id, item_id, source, source_rank, source_score`; no item the user has seen.
    """
    k = graph.settings.recommendations.candidates_per_source
    frames = []
    for name in graph.settings.retrievers:
        model = load(name, artifact_folder(warehouse, store, name, day), part)
        has_index = name in vector_retrievers(graph)
        if has_index:
            model = compared_by(graph.settings.index.metric, model)
        if part == "validation" and model.is_baseline:
            model.fit(histories)
        if part == "final" and has_index:
            index = AnnIndex.load(artifact_folder(warehouse, store, f"{name}_index", day))
            index = index.searched_on(pick_device(graph.settings.compute.device))
            items, scores = top_k_by_index(model, index, histories, users, k, allowed)
        else:
            items, scores = recommend(model, histories, users, k, allowed)
        frames.append(list_frame(name, histories, users, items, scores))
    return pl.concat(frames)


def list_frame(
    source: str, histories: Interactions, users: np.ndarray, items: np.ndarray, scores: np.ndarray
) -> pl.DataFrame:
    """Rows of one source from `[n, k]` item indices (-1 where a list is shorter) and scores."""
    n, k = items.shape
    filled = items.ravel() >= 0
    return pl.DataFrame(
        {
            "user_id": np.repeat(histories.user_ids[users], k)[filled].tolist(),
            "item_id": histories.item_ids[items.ravel()[filled]].tolist(),
            "source": [source] * int(filled.sum()),
            "source_rank": np.tile(np.arange(1, k + 1, dtype=np.int32), n)[filled],
            "source_score": scores.ravel()[filled].astype(np.float64),
        },
        schema={
            "user_id": pl.Utf8,
            "item_id": pl.Utf8,
            "source": pl.Utf8,
            "source_rank": pl.Int32,
            "source_score": pl.Float64,
        },
    )
