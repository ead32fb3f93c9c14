"""How popular what is recommended is: EPC, ACLT, ARP, popularity lift and PopREO."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import polars as pl

NAN = float("nan")


@dataclass(frozen=True)
class Popularity:
    """How many users took each item in the past, and which items are the long tail.

    Attributes:
        items: Rows `item_id, n_takers` i64, `is_long_tail`, unique: the catalogue, and what was taken beyond it (never
            long tail).
        pairs: Rows `user_id, item_id` of the past, unique.
        n_users: Users with a past.
    """

    items: pl.DataFrame
    pairs: pl.DataFrame
    n_users: int

    @staticmethod
    def of(interactions: pl.DataFrame, catalogue: pl.Series, head: float = 0.2) -> Popularity:
        """Count the past.

        Args:
            interactions: Rows `user_id, item_id` of the past; repeated rows count once.
            catalogue: Item ids that could have been recommended.
            head: Share of the catalogue that is its head, in (0, 1): the most taken items, rounded up, equal ones by
                item id. The rest is the long tail.

        Raises:
            ValueError: The head is outside (0, 1).
        """
        if not 0 < head < 1:
            raise ValueError(f"head is a share in (0, 1), found {head}")
        pairs = interactions.select("user_id", "item_id").unique()
        takers = pairs.group_by("item_id").agg(pl.len().cast(pl.Int64).alias("n_takers"))
        offered = catalogue.unique().alias("item_id").to_frame().join(takers, on="item_id", how="left")
        offered = offered.with_columns(pl.col("n_takers").fill_null(0)).sort(
            "n_takers", "item_id", descending=[True, False]
        )
        n_head = ceil(head * len(offered))
        offered = offered.with_columns((pl.int_range(pl.len()) >= n_head).alias("is_long_tail"))
        beyond = takers.join(offered, on="item_id", how="anti").with_columns(pl.lit(False).alias("is_long_tail"))
        return Popularity(pl.concat([offered, beyond]), pairs, pairs["user_id"].n_unique())

    def on(self, recommendations: pl.DataFrame, k: int) -> pl.DataFrame:
        """Rows `user_id, item_id, n_takers, is_long_tail` of the first k; an item nobody knows has 0 and False."""
        shown = recommendations.filter(pl.col("rank") <= k).select("user_id", "item_id")
        joined = shown.join(self.items, on="item_id", how="left", maintain_order="left")
        return joined.with_columns(pl.col("n_takers").fill_null(0), pl.col("is_long_tail").fill_null(False))


def expected_popularity_complement(recommendations: pl.DataFrame, popularity: Popularity, k: int) -> float:
    """EPC: chance that a user drawn at random did not take a listed item, `mean(1 - n_takers / n_users)`.

    (Vargas and Castells 2011, "Rank and Relevance in Novelty and Diversity Metrics for Recommender Systems", equation
    of EPC without rank discount and without relevance.)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        popularity: Of the past.
        k: List length.

    Returns:
        In [0, 1]: the mean over all listed items. NaN without lists or without a past.
    """
    shown = popularity.on(recommendations, k)
    if shown.is_empty() or not popularity.n_users:
        return NAN
    return 1 - float(shown["n_takers"].to_numpy().mean()) / popularity.n_users


def average_long_tail_items(recommendations: pl.DataFrame, popularity: Popularity, k: int) -> float:
    """ACLT: how many long-tail items the first k of a list hold, the mean over lists.

    (Abdollahpouri et al. 2019, "Managing Popularity Bias in Recommender Systems with Personalized Re-ranking".)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        popularity: Of the past.
        k: List length.

    Returns:
        In [0, k]; short lists hold fewer. NaN without lists.
    """
    shown = popularity.on(recommendations, k)
    n_lists = shown["user_id"].n_unique()
    return int(shown["is_long_tail"].sum()) / n_lists if n_lists else NAN


def average_popularity(recommendations: pl.DataFrame, popularity: Popularity, k: int) -> float:
    """ARP: mean over lists of their items' mean number of takers.

    (Yin et al. 2012, "Challenging the Long Tail Recommendation".)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        popularity: Of the past.
        k: List length.

    Returns:
        At least 0, users; every list weighs alike, however short. NaN without lists.
    """
    return _mean_of_means(popularity.on(recommendations, k).group_by("user_id").agg(pl.col("n_takers").mean()))


def popularity_lift(recommendations: pl.DataFrame, popularity: Popularity, k: int) -> float:
    """How much more popular lists are than what their users took before: `(listed - taken) / taken`.

    `listed` is ARP and `taken` the same mean over the users' pasts. (Abdollahpouri et al. 2020, "The Connection
    Between Popularity Bias, Calibration, and Fairness in Recommendation", there by groups of users.)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        popularity: Of the past.
        k: List length.

    Returns:
        At least -1; 0 for lists as popular as the pasts. Over the users with both a list and a past; NaN without one.
    """
    listed = popularity.on(recommendations, k).group_by("user_id").agg(pl.col("n_takers").mean())
    past = popularity.pairs.join(popularity.items, on="item_id", how="left")
    taken = past.group_by("user_id").agg(pl.col("n_takers").mean())
    before = _mean_of_means(taken.join(listed, on="user_id", how="semi"))
    return _mean_of_means(listed.join(taken, on="user_id", how="semi")) / before - 1


def popularity_opportunity_gap(
    recommendations: pl.DataFrame, truth: pl.DataFrame, popularity: Popularity, k: int
) -> float:
    """PopREO: how unequal the chances of a relevant item to be listed are, between long tail and head.

    `std(c) / mean(c)` (population) over the two groups, `c = listed relevant pairs / relevant pairs` of a group.
    (Zhu, Wang and Caverlee 2020, "Measuring and Mitigating Item Under-Recommendation Bias in Personalized Ranking
    Systems", ranking-based equal opportunity, with popularity as the groups.)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        truth: Rows `user_id, item_id`; repeated rows count once, items beyond the catalogue and the past do not.
        popularity: Of the past.
        k: List length.

    Returns:
        In [0, 1]: 0 for equal chances, 1 where one group is never listed. NaN where a group has no relevant item, or
        nothing relevant is listed.
    """
    pairs = truth.select("user_id", "item_id").unique().join(popularity.items, on="item_id")
    shown = recommendations.filter(pl.col("rank") <= k).select("user_id", "item_id", pl.lit(1).alias("listed")).unique()
    joined = pairs.join(shown, on=["user_id", "item_id"], how="left")
    chances = joined.group_by("is_long_tail").agg(pl.col("listed").fill_null(0).mean())["listed"].to_numpy()
    if len(chances) < 2 or not chances.any():
        return NAN
    return float(np.std(chances) / np.mean(chances))


def _mean_of_means(by_user: pl.DataFrame) -> float:
    # Sorted, so that the sum does not depend on the order of groups.
    return float(by_user["n_takers"].sort().to_numpy().mean()) if len(by_user) else NAN
