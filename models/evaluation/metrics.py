"""Ranking metrics of every user, from ranked lists and what the users then took."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

METRICS = ["ndcg", "recall", "precision", "mrr", "map", "hit_rate"]


def per_user_metrics(recommendations: pl.DataFrame, truth: pl.DataFrame, ks: Sequence[int]) -> pl.DataFrame:
    """Metrics of each user with truth, at each k.

    With hits `h_r` in {0, 1} at rank r, `n` relevant items and sums over ranks 1 to k:

    - `ndcg = sum(h_r / log2(r + 1)) / sum(1 / log2(r + 1) for r in 1..min(k, n))`: a user whose list could hold every
      relevant item reaches 1, and so does one with more of them than fit. (Järvelin and Kekäläinen 2002, gains 0/1.)
    - `recall = sum(h_r) / n`; `precision = sum(h_r) / k`; `hit_rate = 1 if any h_r else 0`;
    - `mrr = 1 / (first r with h_r)`, 0 without one;
    - `map = sum(h_r * hits up to r / r) / min(k, n)`.

    A list shorter than k scores as if filled with misses. Ranks are taken as they are, gaps included. Users with
    truth but no list count 0; users without truth are left out, whatever their list.

    Args:
        recommendations: Rows `user_id, rank` (1-based)`, item_id`, any order.
        truth: Rows `user_id, item_id`; repeated rows count once.
        ks: List lengths, each at least 1.

    Returns:
        Rows `user_id, metric, k` i32`, value` f64, sorted by user; every user of `truth` has every metric at every k.

    Raises:
        ValueError: A k or a rank is below 1, or a list holds a rank or an item twice.
    """
    _validate(recommendations, ks)
    truth = truth.select("user_id", "item_id").unique()
    sizes = truth.group_by("user_id").agg(pl.len().alias("n")).sort("user_id")
    hits = (
        recommendations.select("user_id", "rank", "item_id")
        .join(truth, on=["user_id", "item_id"], how="semi")
        .sort("user_id", "rank")
        .with_columns(pl.int_range(1, pl.len() + 1).over("user_id").alias("n_hits"))
    )
    frames = [_at_k(hits, sizes, k) for k in ks]
    return pl.concat(frames).sort("user_id", "k", maintain_order=True) if frames else _empty(sizes)


def ideal_dcg(n: int) -> np.ndarray:
    """`ideal_dcg(n)[i]` is the DCG of i relevant items at ranks 1 to i, `[n + 1]` float64."""
    return np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, n + 2)))])


def _at_k(hits: pl.DataFrame, sizes: pl.DataFrame, k: int) -> pl.DataFrame:
    rank = pl.col("rank")
    sums = (
        hits.filter(rank <= k)
        .group_by("user_id", maintain_order=True)
        .agg(
            (1 / (rank + 1).log(2)).sum().alias("dcg"),
            pl.len().alias("hits"),
            (1 / rank.min()).alias("mrr"),
            (pl.col("n_hits") / rank).sum().alias("precisions"),
        )
    )
    users = sizes.join(sums, on="user_id", how="left", maintain_order="left").with_columns(
        pl.col("dcg", "hits", "mrr", "precisions").fill_null(0)
    )
    n_ideal = np.minimum(k, users["n"].to_numpy())
    hit_count = pl.col("hits").cast(pl.Float64)
    values = users.select(
        "user_id",
        ndcg=pl.col("dcg") / pl.Series(ideal_dcg(k)[n_ideal]),
        recall=hit_count / pl.col("n"),
        precision=hit_count / k,
        mrr=pl.col("mrr"),
        map=pl.col("precisions") / pl.Series(n_ideal),
        hit_rate=(hit_count > 0).cast(pl.Float64),
    )
    long = values.unpivot(METRICS, index="user_id", variable_name="metric", value_name="value")
    return long.select("user_id", "metric", pl.lit(k, dtype=pl.Int32).alias("k"), "value")


def _empty(sizes: pl.DataFrame) -> pl.DataFrame:
    columns = [pl.lit("").alias("metric"), pl.lit(0, pl.Int32).alias("k"), pl.lit(0.0).alias("value")]
    return sizes.select("user_id", *columns).clear()


def _validate(recommendations: pl.DataFrame, ks: Sequence[int]) -> None:
    if any(k < 1 for k in ks):
        raise ValueError(f"every k is at least 1, found {list(ks)}")
    if int((recommendations["rank"] >= 1).sum()) != len(recommendations):
        raise ValueError("ranks are 1-based and never null")
    for column in ("item_id", "rank"):
        if recommendations.select("user_id", column).is_duplicated().any():
            raise ValueError(f"a user's list holds the same {column} twice")
