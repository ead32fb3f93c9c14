"""The list a user gets: the k best of the scored candidates."""

from __future__ import annotations

import polars as pl


def final_list(scored: pl.DataFrame, k: int) -> pl.DataFrame:
    """Keep each user's k best candidates.

    Equal scores are ordered by item id, so the list never depends on row order. A user with fewer than k candidates
    gets a shorter list.

    Args:
        scored: Rows `user_id, item_id, score, best_source, sources`; one per (user, item).
        k: List length, at least 1.

    Returns:
        Rows `user_id, rank` (1-based i32)`, item_id, score, source, sources` (list, best first), sorted by user and
        rank.

    Raises:
        ValueError: k is below 1, a score is null or not finite, or a pair occurs twice.
    """
    if k < 1:
        raise ValueError(f"k is at least 1, found {k}")
    if scored["score"].null_count() or not scored["score"].is_finite().all():
        raise ValueError("every candidate needs a finite score, found a null, NaN or infinity")
    if scored.select("user_id", "item_id").is_duplicated().any():
        raise ValueError("a (user, item) pair occurs twice; merge the candidates first")
    ordered = scored.sort("user_id", "score", "item_id", descending=[False, True, False])
    ranked = ordered.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("user_id").alias("rank"))
    return ranked.filter(pl.col("rank") <= k).select(
        "user_id", "rank", "item_id", "score", pl.col("best_source").alias("source"), "sources"
    )
