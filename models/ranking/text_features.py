"""Features from text vectors: how close an item reads to what the user took."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.ranking.context import FeatureContext

N_LAST_ITEMS = 3


def text_features(candidates: pl.DataFrame, known: FeatureContext) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of candidates and their user's history.

    Args:
        candidates: Rows `user_id, item_id`, any order.
        known: A context that has been cut.

    Returns:
        Two `[n_candidates]` float32 arrays in the candidates' order: the cosine to the user's mean vector (weighted
        by event weight and decay), and the largest cosine to the last 3 distinct items. NaN without vectors: none
        given, none for the item, or none in the history.
    """
    mean = np.full(len(candidates), np.nan, dtype=np.float32)
    last = mean.copy()
    if known.item_vectors is None or not known.item_vectors[0] or candidates.is_empty():
        return mean, last
    ids, vectors = known.item_vectors
    rows = _coded(candidates.select("user_id", "item_id"), ids)
    users = rows["user_id"].unique(maintain_order=True)
    user_codes = pl.DataFrame({"user_id": users, "_user": np.arange(len(users))})
    history = _coded(_history(known), ids).filter(pl.col("_item") >= 0).join(user_codes, on="user_id")
    queries = _queries(history, vectors, len(users))
    user = rows.join(user_codes, on="user_id", how="left", maintain_order="left")["_user"].to_numpy()
    item = rows["_item"].to_numpy()
    order = np.argsort(user, kind="stable")
    bounds = np.searchsorted(user[order], np.arange(len(users) + 1))
    # One small product per user: a gather for all candidates at once would hold n_candidates x d floats.
    for code, (mean_vector, last_items) in enumerate(queries):
        segment = order[bounds[code] : bounds[code + 1]]
        segment = segment[item[segment] >= 0]
        if len(last_items) and len(segment):
            block = vectors[item[segment]]
            mean[segment] = block @ mean_vector
            last[segment] = (block @ vectors[last_items].T).max(axis=1)
    return mean, last


def _history(known: FeatureContext) -> pl.DataFrame:
    return known.interactions.select("user_id", "item_id", (pl.col("weight") * known.decay()).alias("_weight"))


def _coded(frame: pl.DataFrame, ids: list[str]) -> pl.DataFrame:
    codes = pl.DataFrame({"item_id": pl.Series(ids, dtype=pl.String), "_item": np.arange(len(ids))})
    joined = frame.join(codes, on="item_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("_item").fill_null(-1))


def _queries(history: pl.DataFrame, vectors: np.ndarray, n_users: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per user: the unit mean vector `[d]` (NaN where it vanishes) and the last items' indices, `[<= 3]`."""
    from scipy.sparse import csr_array

    history = history.sort("_user", maintain_order=True)
    user, item = history["_user"].to_numpy(), history["_item"].to_numpy()
    weight = history["_weight"].to_numpy().astype(np.float32)
    means = csr_array((weight, (user, item)), shape=(n_users, len(vectors))) @ vectors
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    means = np.divide(means, norms, out=np.full_like(means, np.nan), where=norms > 0)
    tail = history.unique(["_user", "_item"], keep="last", maintain_order=True).group_by("_user", maintain_order=True)
    last = tail.agg(pl.col("_item").tail(N_LAST_ITEMS)).sort("_user")
    last_items = [np.empty(0, dtype=np.int64)] * n_users
    for code, indices in zip(last["_user"].to_list(), last["_item"].to_list(), strict=True):
        last_items[code] = np.array(indices)
    return list(zip(means, last_items, strict=True))
