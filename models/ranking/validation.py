"""The ranker against its own sources, on the users it was not trained on."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.evaluation.metrics import per_user_metrics
from models.ranking.candidates import sources_of

K = 10


def ranker_and_best_source_ndcg(held_out: pl.DataFrame, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """NDCG@10 by user and label window of the ranker and of the source that is best on average.

    Truth is every candidate with a gain above 0, so the question is order alone: what no source found hurts both.

    Args:
        held_out: Rows of the ranking data set, with `rank_<source>` columns; each list (user and window)
            has a positive candidate.
        scores: The ranker's score per row.

    Returns:
        The ranker's values and the best source's, `[n_lists]` each in the same order of lists, and the source's name.
        Without rows: two empty arrays and an empty name.
    """
    if held_out.is_empty():
        return np.empty(0), np.empty(0), ""
    held_out = held_out.with_columns(pl.format("{}:{}", "window", "user_id").alias("user_id"))
    truth = held_out.filter(pl.col("gain") > 0).select("user_id", "item_id")
    scored = held_out.select("user_id", "item_id", pl.Series("score", scores)).sort(
        "user_id", "score", "item_id", descending=[False, True, False]
    )
    ours = _ndcg(scored.with_columns(pl.int_range(1, pl.len() + 1).over("user_id").alias("rank")), truth)
    by_source = {}
    for source in sources_of(held_out):
        offered = held_out.filter(pl.col(f"rank_{source}").is_not_null())
        by_source[source] = _ndcg(offered.select("user_id", "item_id", rank=f"rank_{source}"), truth)
    best = max(sorted(by_source), key=lambda name: float(by_source[name].mean()))
    return ours, by_source[best], best


def _ndcg(lists: pl.DataFrame, truth: pl.DataFrame) -> np.ndarray:
    ranked = lists.select("user_id", pl.col("rank").cast(pl.Int32), "item_id").filter(pl.col("rank") <= K)
    values = per_user_metrics(ranked, truth, [K]).filter(pl.col("metric") == "ndcg").sort("user_id")
    return values["value"].to_numpy()
