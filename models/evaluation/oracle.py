"""The best reachable lists, where a simulation tells the truth, and a model's share of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl


def oracle_share(ndcg: float, oracle_ndcg: float) -> float:
    """`ndcg / oracle_ndcg`: how much of what could be reached was.

    It may exceed 1 by chance, since the oracle knows what users prefer but not what they then happened to take.

    Args:
        ndcg: A model's NDCG.
        oracle_ndcg: The oracle's, at the same k over the same users and window.

    Raises:
        ValueError: The oracle's is not above 0, so that there is nothing to have a share of.
    """
    if not oracle_ndcg > 0:
        raise ValueError(f"the oracle's NDCG must be above 0, found {oracle_ndcg}")
    return ndcg / oracle_ndcg


def oracle_lists(
    scores: np.ndarray | Callable[[int, int], np.ndarray],
    user_ids: Sequence[str],
    item_ids: Sequence[str],
    seen: pl.DataFrame,
    k: int,
    available: np.ndarray | None = None,
    block_size: int = 1024,
) -> pl.DataFrame:
    """Lists ranked by true scores, without what each user has seen.

    Args:
        scores: `[n_users, n_items]`, or a function from the first and one past the last user to their rows, so that
            the whole matrix need not exist.
        user_ids: Ids by row.
        item_ids: Ids by column, unique.
        seen: Rows `user_id, item_id` to leave out; ids that are not among the above are ignored.
        k: List length.
        available: `[n_items]` bool, the items that may be recommended; `None` means all.
        block_size: Users ranked at once.

    Returns:
        Rows `user_id, rank` (1-based i32)`, item_id, score`, sorted by user row and rank; equal scores by item id.
        Shorter than k where fewer items are left.
    """
    # Columns in id order and a stable sort: ties fall by item id.
    by_id = np.argsort(np.asarray(item_ids, dtype=str), kind="stable")
    position = pl.DataFrame({"item_id": np.asarray(item_ids, dtype=str)[by_id], "column": np.arange(len(by_id))})
    rows = pl.DataFrame(
        {"user_id": list(user_ids), "row": np.arange(len(user_ids))}, schema_overrides={"user_id": pl.String}
    )
    removed = seen.select("user_id", "item_id").join(rows, on="user_id").join(position, on="item_id").sort("row")
    removed_row, removed_column = removed["row"].to_numpy(), removed["column"].to_numpy()
    blocked = np.zeros(len(by_id), dtype=bool) if available is None else ~np.asarray(available, dtype=bool)[by_id]
    frames = []
    for start in range(0, len(user_ids), block_size):
        stop = min(start + block_size, len(user_ids))
        block = scores(start, stop) if callable(scores) else scores[start:stop]
        block = np.array(block, dtype=np.float64)[:, by_id]
        block[:, blocked] = -np.inf
        first, last = np.searchsorted(removed_row, [start, stop])
        block[removed_row[first:last] - start, removed_column[first:last]] = -np.inf
        frames.append(_top(block, start, k))
    top = pl.concat(frames) if frames else _top(np.empty((0, len(by_id))), 0, k)
    joined = top.join(rows, on="row", how="left", maintain_order="left")
    joined = joined.join(position, on="column", how="left", maintain_order="left")
    return joined.select("user_id", "rank", "item_id", "score")


def _top(block: np.ndarray, start: int, k: int) -> pl.DataFrame:
    columns = np.argsort(-block, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(block, columns, axis=1)
    user, place = np.nonzero(np.isfinite(values))
    return pl.DataFrame(
        {
            "row": user + start,
            "rank": (place + 1).astype(np.int32),
            "column": columns[user, place],
            "score": values[user, place],
        }
    )
