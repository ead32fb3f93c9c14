"""What a list holds that its user could not have expected, and what they already had."""

from __future__ import annotations

import polars as pl

NAN = float("nan")
_PAIR = ["user_id", "item_id"]


def serendipity(recommendations: pl.DataFrame, truth: pl.DataFrame, popular: pl.DataFrame, k: int) -> float:
    """Share of the first k that is relevant and not in the first k of the user's popularity list, mean over users.

    (Ge et al. 2010, "Beyond Accuracy: Evaluating Recommender Systems by Coverage and Serendipity", with popularity as
    the primitive recommender and what users took as useful.)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        truth: Rows `user_id, item_id`; repeated rows count once.
        popular: The popularity lists, rows `user_id, rank, item_id`. A user without one expects nothing.
        k: List length; a shorter list scores as if filled with misses.

    Returns:
        In [0, 1], at most the precision. Users with truth but no list count 0; NaN without truth.
    """
    n_users = truth["user_id"].n_unique()
    if not n_users:
        return NAN
    shown, expected = (lists.filter(pl.col("rank") <= k).select(_PAIR) for lists in (recommendations, popular))
    useful = shown.join(truth.select(_PAIR), on=_PAIR, how="semi").join(expected, on=_PAIR, how="anti")
    return len(useful) / (k * n_users)


def repeat_rate(recommendations: pl.DataFrame, interactions: pl.DataFrame, k: int) -> float:
    """Share of the listed items that their user had taken before.

    (Anderson et al. 2014, "The Dynamics of Repeat Consumption", the share of repeats, here of what is recommended.)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        interactions: Rows `user_id, item_id` of the past; repeated rows count once.
        k: List length.

    Returns:
        In [0, 1]: the mean over all listed items. NaN without lists.
    """
    shown = recommendations.filter(pl.col("rank") <= k).select(_PAIR)
    repeats = shown.join(interactions.select(_PAIR), on=_PAIR, how="semi")
    return len(repeats) / len(shown) if len(shown) else NAN
