"""What profiles are worth by themselves: lists made of nothing but their vectors, against lists made of titles."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.evaluation.metrics import per_user_table
from models.profiles.quality.measure import Measure, mean_of
from models.retrieval.top_k import top_k

BLOCK = 512


def nearest_items(
    users: np.ndarray, items: np.ndarray, seen: tuple[np.ndarray, np.ndarray], k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k items of the highest cosine for each user, without those seen.

    Vectors are taken less the items' mean: what all texts of one kind have in common for an encoder is most of a
    cosine and tells nobody's taste (Mu and Viswanath, "All-but-the-Top", ICLR 2018, without its second step).

    Args:
        users: `[n_users, d]` vectors.
        items: `[n_items, d]` vectors.
        seen: Rows of `users` and of `items`, both `[n_seen]`: what no list may hold.
        k: List length.

    Returns:
        Items `[n_users, k]` i32, -1 where there are no more, and cosines f32; 0 for a vector that is the mean itself.
    """
    common = items.mean(axis=0) if len(items) else 0.0
    users, items = _unit(users - common), _unit(items - common)
    order = np.argsort(seen[0], kind="stable")
    seen_users, seen_items = seen[0][order], seen[1][order]
    lists, scores = [], []
    for start in range(0, len(users), BLOCK):
        block = (users[start : start + BLOCK] @ items.T).astype(np.float32)
        first, last = np.searchsorted(seen_users, [start, start + len(block)])
        block[seen_users[first:last] - start, seen_items[first:last]] = -np.inf
        chosen, best = top_k(block, k)
        lists.append(chosen)
        scores.append(best)
    if not lists:
        return np.zeros((0, k), dtype=np.int32), np.zeros((0, k), dtype=np.float32)
    return np.concatenate(lists), np.concatenate(scores)


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def ndcg_by_user(lists: np.ndarray, truth: tuple[np.ndarray, np.ndarray], k: int) -> np.ndarray:
    """NDCG@k of each user who took something, in the order of their rows; see `models.evaluation.metrics`.

    Args:
        lists: `[n_users, k]` items, -1 for none.
        truth: Rows of users and items taken, both `[n_truth]`.
        k: List length.
    """
    user, rank = np.nonzero(lists >= 0)
    rows = pl.DataFrame({"user_id": user, "rank": rank + 1, "item_id": lists[user, rank].astype(np.int64)})
    taken = pl.DataFrame({"user_id": truth[0], "item_id": truth[1]}).cast(pl.Int64)
    return per_user_table(rows, taken, [k])[f"ndcg@{k}"].to_numpy()


def usefulness(by_profiles: np.ndarray, by_titles: np.ndarray) -> list[Measure]:
    """NDCG of retrieval from profile vectors alone, from titles alone, and the difference of the two by user.

    Args:
        by_profiles: `[n]` NDCG by user of lists by profile vectors.
        by_titles: `[n]` that of lists by the mean of the titles taken, same users.
    """
    return [
        mean_of("usefulness", by_profiles),
        mean_of("usefulness_of_titles", by_titles),
        mean_of("usefulness_gain", by_profiles - by_titles),
    ]
