"""The ranker against its own sources, on the users it was not trained on."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.evaluation.metrics import per_user_metrics
from models.ranking.candidates import sources_of
from models.ranking.contract import Ranker

K = 10


def ranker_and_best_source_ndcg(dataset: pl.DataFrame, ranker: Ranker) -> tuple[np.ndarray, np.ndarray, str]:
    """NDCG@10 by held-out user and label window of the ranker and of the best source.

    The best source is the one that is best on average for the users the ranker was trained on: chosen on the held-out
    users themselves, the luckiest of several sources would stand against the ranker. Truth is every candidate with a
    gain above 0, so the question is order alone: what no source found hurts both.

    Args:
        dataset: A ranking data set with `rank_<source>` columns; each list (user and window) has a positive candidate.
        ranker: Fitted on its split `train`.

    Returns:
        The ranker's values and the best source's, `[n_lists]` each in the same order of lists, and the source's name.
        Without held-out rows: two empty arrays and an empty name.
    """
    one_list = dataset.with_columns(pl.format("{}:{}", "window", "user_id").alias("user_id"))
    train, held_out = (one_list.filter(pl.col("split") == split) for split in ("train", "validation"))
    if held_out.is_empty():
        return np.empty(0), np.empty(0), ""
    scored = held_out.select("user_id", "item_id", pl.Series("score", ranker.score(held_out))).sort(
        "user_id", "score", "item_id", descending=[False, True, False]
    )
    ours = scored.with_columns(pl.int_range(1, pl.len() + 1).over("user_id").alias("rank"))
    means = {source: float(_source_ndcg(train, source).mean()) for source in sorted(sources_of(dataset))}
    best = max(means, key=lambda name: means[name])
    return _ndcg(ours, _truth(held_out)), _source_ndcg(held_out, best), best


def _source_ndcg(lists: pl.DataFrame, source: str) -> np.ndarray:
    offered = lists.filter(pl.col(f"rank_{source}").is_not_null())
    return _ndcg(offered.select("user_id", "item_id", rank=f"rank_{source}"), _truth(lists))


def _truth(lists: pl.DataFrame) -> pl.DataFrame:
    return lists.filter(pl.col("gain") > 0).select("user_id", "item_id")


def _ndcg(lists: pl.DataFrame, truth: pl.DataFrame) -> np.ndarray:
    ranked = lists.select("user_id", pl.col("rank").cast(pl.Int32), "item_id").filter(pl.col("rank") <= K)
    values = per_user_metrics(ranked, truth, [K]).filter(pl.col("metric") == "ndcg").sort("user_id")
    return values["value"].to_numpy()
