"""Splits for comparing with published numbers: what a model may see, and what its lists are scored on.

Rows keep their columns; none is in two parts. Splits by day, which is how the pipeline itself judges, are in
`protocol_splits`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

ORDER = ["event_at", "event_id"]
"""The one sort rule: by time, then by id."""


@dataclass(frozen=True)
class Split:
    """Three parts of interactions.

    Attributes:
        train: What a model is fitted on.
        validation: What its settings are chosen by; may be empty.
        test: What its lists are scored on.
        leaks_future: Whether some training rows are later than some test rows of other users, so that a model may
            know what came into fashion after the moment it is asked about (Ji et al. 2023, "A Critical Study on Data
            Leakage in Recommender System Offline Evaluation").
    """

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    leaks_future: bool


def leave_one_out(interactions: pl.DataFrame) -> Split:
    """Each user's last item is the test, the one before it the validation, the rest the training.

    Of repeated items only a user's first interaction counts, as no list may hold what was seen. Users with fewer than
    three items are trained on and not scored (as in the code of SASRec, Kang and McAuley 2018). It leaks: a user's
    training rows may be years later than another's test.

    Args:
        interactions: Rows `user_id, item_id, event_at, event_id`.
    """
    once = interactions.sort(*ORDER).unique(["user_id", "item_id"], keep="first", maintain_order=True)
    from_end = once.with_columns(place=pl.int_range(pl.len(), 0, -1).over("user_id"), length=pl.len().over("user_id"))
    scored, columns = pl.col("length") >= 3, interactions.columns
    test, validation = (scored & (pl.col("place") == place) for place in (1, 2))
    return Split(
        from_end.filter(~(test | validation)).select(columns),
        from_end.filter(validation).select(columns),
        from_end.filter(test).select(columns),
        leaks_future=True,
    )


def fixed_split(train: pl.DataFrame, test: pl.DataFrame) -> Split:
    """A split that somebody else made, such as LightGCN's of Gowalla, after it was looked at.

    Args:
        train: Rows `user_id, item_id`.
        test: The same.

    Raises:
        ValueError: A pair is in both parts, or a part has no rows.
    """
    if train.is_empty() or test.is_empty():
        raise ValueError(f"expected rows in both parts, found {len(train)} and {len(test)}")
    both = test.join(train, on=["user_id", "item_id"], how="semi")
    if both.height:
        user, item = both.select("user_id", "item_id").row(0)
        raise ValueError(f"{both.height} pairs are in both parts, e.g. user {user} and item {item}")
    return Split(train, train.clear(), test, leaks_future=True)


def k_core(interactions: pl.DataFrame, k: int) -> pl.DataFrame:
    """The largest part in which every user has k different items and every item k different users.

    It is asked for, never the default: it leaves out the users and items that are hardest, so numbers on a core say
    little about a shop. (Seidman 1983, "Network structure and minimum degree".)

    Args:
        interactions: Rows `user_id, item_id`.
        k: At least 1.

    Returns:
        Those rows in their order; none where no such part exists.

    Raises:
        ValueError: `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k is at least 1, found {k}")
    pairs = interactions.select("user_id", "item_id").unique()
    while True:
        kept = pairs.filter((pl.len().over("user_id") >= k) & (pl.len().over("item_id") >= k))
        if len(kept) == len(pairs):
            return interactions.join(kept, on=["user_id", "item_id"], how="semi", maintain_order="left")
        pairs = kept
