"""Metrics of all lists together: how much of the catalogue they show, how novel and how even they are."""

from __future__ import annotations

import numpy as np
import polars as pl


def catalogue_coverage(recommendations: pl.DataFrame, catalogue: pl.Series, k: int) -> float:
    """Share of the catalogue that at least one user's first k hold.

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        catalogue: Item ids that could have been recommended. Others in the lists do not count.
        k: List length.

    Returns:
        In [0, 1]; 0 without lists, NaN for an empty catalogue.
    """
    items = catalogue.unique()
    shown = recommendations.filter(pl.col("rank") <= k)["item_id"].unique()
    return int(items.is_in(shown.implode()).sum()) / len(items) if len(items) else float("nan")


def novelty(recommendations: pl.DataFrame, interactions: pl.DataFrame, k: int) -> float:
    """Mean self-information of the recommended items, in bits: `mean(log2(n_users / n_users_of_item))`.

    (Zhou et al. 2010, "Solving the apparent diversity-accuracy dilemma", surprisal.) An item nobody took counts as
    taken by one user, which keeps it finite: as novel as the rarest.

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        interactions: Rows `user_id, item_id` of the past; repeated rows count once.
        k: List length.

    Returns:
        At least 0: the mean over all recommended items of all lists. NaN without lists or without a past.
    """
    shown = recommendations.filter(pl.col("rank") <= k).select("item_id")
    pairs = interactions.select("user_id", "item_id").unique()
    n_users = pairs["user_id"].n_unique()
    if shown.is_empty() or n_users == 0:
        return float("nan")
    counts = shown.join(pairs.group_by("item_id").agg(pl.len().alias("n")), on="item_id", how="left")
    return float(np.log2(n_users / counts["n"].fill_null(1).to_numpy()).mean())


def gini(recommendations: pl.DataFrame, catalogue: pl.Series, k: int) -> float:
    """Gini index of how often each catalogue item is shown: 0 all equally, 1 one item takes every place.

    With the share `p_j` of the j-th least shown of n items, `sum((2 * j - n - 1) * p_j for j in 1..n) / (n - 1)`.
    (Shani and Gunawardana 2011, "Evaluating Recommendation Systems", section on diversity of sales.)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        catalogue: Item ids that could have been recommended. Others in the lists do not count.
        k: List length.

    Returns:
        In [0, 1]; NaN where no catalogue item is shown or the catalogue has fewer than 2 items.
    """
    items = catalogue.unique().to_frame("item_id")
    shown = recommendations.filter(pl.col("rank") <= k).group_by("item_id").agg(pl.len().alias("n"))
    counts = np.sort(items.join(shown, on="item_id", how="left")["n"].fill_null(0).to_numpy())
    n_items, total = len(counts), counts.sum()
    if n_items < 2 or total == 0:
        return float("nan")
    positions = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float((positions * (counts / total)).sum() / (n_items - 1))


def exposure_entropy(recommendations: pl.DataFrame, catalogue: pl.Series, k: int) -> float:
    """Shannon entropy of which catalogue item a place shows, in bits: `-sum(p_j * log2(p_j))` over shown items.

    (Shani and Gunawardana 2011, as `gini`.) `2 ** entropy` is the number of items that would be as varied if all were
    shown alike.

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        catalogue: Item ids that could have been recommended. Others in the lists do not count.
        k: List length.

    Returns:
        In [0, log2(items in the catalogue)]; NaN where no catalogue item is shown.
    """
    shown = recommendations.filter(pl.col("rank") <= k).join(
        catalogue.unique().alias("item_id").to_frame(), on="item_id", how="semi"
    )
    if shown.is_empty():
        return float("nan")
    shares = shown.group_by("item_id").agg(pl.len().alias("n"))["n"].sort().to_numpy() / len(shown)
    return max(0.0, float(-(shares * np.log2(shares)).sum()))
