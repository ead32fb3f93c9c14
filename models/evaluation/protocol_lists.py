"""Lists of a fitted retriever: of the whole catalogue, or of a sample of it where somebody asks for that."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.recommend import recommend, seen_items
from models.retrieval.top_k import top_k

BLOCK_BYTES = 256 * 2**20


def ranked(
    model: Retriever,
    past: Interactions,
    users: np.ndarray,
    k: int,
    chosen: np.ndarray | None = None,
    allowed: np.ndarray | None = None,
) -> pl.DataFrame:
    """Rows `user_id, rank, item_id`: the k best unseen items of some users.

    Args:
        model: Fitted.
        past: The histories.
        users: Their indices, `[n]`.
        k: List length.
        chosen: `[n, m]` int32 items to rank for each user, -1 for none; `None` ranks the whole catalogue.
        allowed: `[n_items]` bool, false for items that no list may hold; `None` allows all.
    """
    block = max(1, min(1024, BLOCK_BYTES // (12 * max(past.n_items, 1))))
    if chosen is None:
        items, _ = recommend(model, past, users, k, allowed, block)
    else:
        chosen = chosen if allowed is None else np.where(allowed[chosen], chosen, -1)
        parts = [
            _best_of(model, past, users[i : i + block], k, chosen[i : i + block]) for i in range(0, len(users), block)
        ]
        items = np.concatenate(parts) if parts else np.empty((0, k), np.int32)
    user, rank = np.nonzero(items >= 0)
    return pl.DataFrame(
        {
            "user_id": past.user_ids[users[user]].tolist(),
            "rank": (rank + 1).astype(np.int32),
            "item_id": past.item_ids[items[user, rank]].tolist(),
        },
        schema={"user_id": pl.Utf8, "rank": pl.Int32, "item_id": pl.Utf8},
    )


def sampled(
    past: Interactions,
    users: np.ndarray,
    truth: pl.DataFrame,
    n: int,
    seed: int,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """Each user's test items and `n` others, `[len(users), n + most test items]` int32, padded with -1.

    The others are drawn uniformly, without repetition, from what the user neither touched nor took in the test; fewer
    where fewer are left. Every model ranks the same ones. (Krichene and Rendle 2020, "On Sampled Metrics for Item
    Recommendation", on why such numbers are not those of full ranking.)
    """
    random = np.random.default_rng(seed)
    index = {item: position for position, item in enumerate(past.item_ids)}
    taken = {
        user: [index[item] for item in items if item in index]
        for user, items in truth.group_by("user_id").agg("item_id").iter_rows()
    }
    drawable = np.arange(past.n_items) if allowed is None else np.flatnonzero(allowed)
    rows = []
    for user in users:
        own = taken[past.user_ids[user]]
        _, seen = seen_items(past, np.array([user]))
        left = np.setdiff1d(drawable, np.concatenate([seen, own]).astype(np.int64))
        rows.append(own + random.choice(left, min(n, len(left)), replace=False).tolist())
    width = max((len(row) for row in rows), default=0)
    return np.array([row + [-1] * (width - len(row)) for row in rows], dtype=np.int32).reshape(len(rows), width)


def _best_of(model: Retriever, past: Interactions, users: np.ndarray, k: int, chosen: np.ndarray) -> np.ndarray:
    scores = np.array(model.scores(past, users), dtype=np.float32)
    kept = np.full_like(scores, -np.inf)
    rows, columns = np.nonzero(chosen >= 0)
    items = chosen[rows, columns]
    kept[rows, items] = scores[rows, items]
    return top_k(kept, k)[0]
