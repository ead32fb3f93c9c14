"""Ranking metrics of every user, from ranked lists and what the users then took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from models.evaluation.hits import Hits, find_hits

METRICS = ["ndcg", "recall", "precision", "mrr", "map", "hit_rate"]
"""Those at a k, in the order of `per_user_metrics`."""
R_PRECISION = "r_precision"


def per_user_metrics(recommendations: pl.DataFrame, truth: pl.DataFrame, ks: Sequence[int]) -> pl.DataFrame:
    """Metrics of each user with truth, at each k.

    With hits `h_r` in {0, 1} at rank r, `n` relevant items and sums over ranks 1 to k:

    - `ndcg = sum(h_r / log2(r + 1)) / sum(1 / log2(r + 1) for r in 1..min(k, n))`: a user whose list could hold every
      relevant item reaches 1, and so does one with more of them than fit. (Järvelin and Kekäläinen 2002, gains 0/1.)
    - `recall = sum(h_r) / n`; `precision = sum(h_r) / k`; `hit_rate = 1 if any h_r else 0`;
    - `mrr = 1 / (first r with h_r)`, 0 without one;
    - `map = sum(h_r * hits up to r / r) / min(k, n)`.

    A list shorter than k scores as if filled with misses. Ranks are taken as they are, gaps included. Users with
    truth but no list count 0; users without truth are left out, whatever their list. A k beyond the catalogue's size
    is a longer list like any other; items that nobody knows are misses.

    Args:
        recommendations: Rows `user_id, rank` (1-based)`, item_id`, any order. Ranks beyond the largest k are not
            looked at.
        truth: Rows `user_id, item_id`; repeated rows count once.
        ks: List lengths, each at least 1; repeated ones count once.

    Returns:
        Rows `user_id, metric, k` i32`, value` f64, sorted by user; every user of `truth` has every metric at every k.

    Raises:
        ValueError: A k or a rank is below 1, or a list holds a rank or an item twice.
    """
    wide = per_user_table(recommendations, truth, ks)
    names = [(metric, k) for k in sorted(set(ks)) for metric in METRICS]
    schema = pl.Schema({"metric": pl.String(), "k": pl.Int32()})
    long = wide.select("user_id").join(
        pl.DataFrame(names, schema, orient="row"), how="cross", maintain_order="left_right"
    )
    values = np.column_stack([wide[f"{metric}@{k}"] for metric, k in names]).ravel() if names else np.empty(0)
    return long.with_columns(pl.Series("value", values, pl.Float64))


def per_user_table(recommendations: pl.DataFrame, truth: pl.DataFrame, ks: Sequence[int]) -> pl.DataFrame:
    """`per_user_metrics` with a row per user and a column `metric@k` per number, by k and then as in `METRICS`.

    A fifth of the memory of the long form, and what resampling wants.

    Raises:
        ValueError: As `per_user_metrics`.
    """
    return ranking_table(find_hits(recommendations, truth, max(ks, default=1)), ks)


def ranking_table(hits: Hits, ks: Sequence[int]) -> pl.DataFrame:
    """`per_user_table` of hits that were looked up to the largest k at least.

    Raises:
        ValueError: A k is below 1.
    """
    if any(k < 1 for k in ks):
        raise ValueError(f"every k is at least 1, found {list(ks)}")
    columns: dict[str, np.ndarray] = {}
    for k in sorted(set(ks)):
        columns |= {f"{metric}@{k}": values for metric, values in _at_k(hits, k).items()}
    return pl.DataFrame({"user_id": hits.users, **columns})


def per_user_r_precision(recommendations: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """R-precision of each user with truth: hits within the first n places over n, the user's relevant items.

    There precision and recall are equal, and a perfect list reaches 1 whatever its user took. (Manning, Raghavan and
    Schütze 2008, "Introduction to Information Retrieval", section 8.4.) Lists that were cut below n score as if filled
    with misses; users without a list count 0.

    Args:
        recommendations: Rows `user_id, rank` (1-based)`, item_id`, any order.
        truth: Rows `user_id, item_id`; repeated rows count once.

    Returns:
        Rows `user_id, metric, k` (0: it has none)`, value` f64, sorted by user.

    Raises:
        ValueError: A rank is below 1, or a list holds a rank or an item twice.
    """
    hits = find_hits(recommendations, truth)
    named = pl.DataFrame({"user_id": hits.users, "value": r_precision(hits)})
    metric, k = pl.lit(R_PRECISION).alias("metric"), pl.lit(0, pl.Int32).alias("k")
    return named.select("user_id", metric, k, "value")


def r_precision(hits: Hits) -> np.ndarray:
    """`[n_users]` f64: `per_user_r_precision` of hits that were looked up in whole lists."""
    within = hits.user[hits.rank <= hits.n_relevant[hits.user]]
    return np.bincount(within, minlength=len(hits.users)) / hits.n_relevant


def ideal_dcg(n: int) -> np.ndarray:
    """`ideal_dcg(n)[i]` is the DCG of i relevant items at ranks 1 to i, `[n + 1]` float64."""
    return np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, n + 2)))])


def _at_k(hits: Hits, k: int) -> Mapping[str, np.ndarray]:
    """Metric -> `[n_users]` f64."""
    within = hits.rank <= k
    user, rank, place = hits.user[within], hits.rank[within], hits.place()[within]
    n_users = len(hits.users)
    n_hits = np.bincount(user, minlength=n_users).astype(np.float64)
    n_ideal = np.minimum(k, hits.n_relevant)
    # An ideal of no more places than anybody fills: k may be far beyond the catalogue.
    ideal = ideal_dcg(int(n_ideal.max(initial=0)))
    reciprocal = np.zeros(n_users)
    first = place == 1
    reciprocal[user[first]] = 1 / rank[first]
    return {
        "ndcg": np.bincount(user, 1 / np.log2(rank + 1), n_users) / ideal[n_ideal],
        "recall": n_hits / hits.n_relevant,
        "precision": n_hits / k,
        "mrr": reciprocal,
        "map": np.bincount(user, place / rank, n_users) / n_ideal,
        "hit_rate": (n_hits > 0).astype(np.float64),
    }
