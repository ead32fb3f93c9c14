"""From what users took to what stood on top of their lists: where along the way each taken item was lost."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from models.evaluation.take_rates import share_of

TAKEN, KNOWN, SERVED, OFFERED, LISTED, FIRST = "taken", "known", "served", "offered", "listed", "first"

STAGES_SCHEMA = pl.Schema({"stage": pl.String(), "n_items": pl.Int64(), "n_users": pl.Int64()})
SOURCES_SCHEMA = pl.Schema(
    {
        "source": pl.String(),
        "n_offered_per_user": pl.Float64(),
        "n_found": pl.Int64(),
        "n_alone": pl.Int64(),
        "recall": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
    }
)
_PAIR = ["user_id", "item_id"]


class TakenFunnel(NamedTuple):
    """The way of the taken items.

    Attributes:
        stages: Rows of `STAGES_SCHEMA` in order, each a part of the one before: `taken` (items users with a past took
            for the first time), `known` (which could be recommended at the end of the as-of day), `served` (whose user
            was given candidates), `offered` (among these), `listed` (in the final list of k) and `first` (on its top).
            `n_users` counts whose they were.
        sources: Rows of `SOURCES_SCHEMA`, the best recall first: of the `served` items those a retriever offered, how
            many no other did, and their share with its interval (`share_of`); none without `served` items.
    """

    stages: pl.DataFrame
    sources: pl.DataFrame


def taken_funnel(
    taken: pl.DataFrame, catalogue: pl.Series, served: pl.DataFrame, offered: pl.DataFrame, lists: pl.DataFrame, k: int
) -> TakenFunnel:
    """Follow every taken item through candidates and lists.

    Args:
        taken: Rows `user_id, item_id`, unique: the truth.
        catalogue: Ids of the items that could be recommended at the end of the as-of day.
        served: Rows `source, user_id, n_candidates`: how much each retriever offered each user.
        offered: Rows `source, user_id, item_id`: the candidates that are among `taken` (others change nothing).
        lists: Rows `user_id, rank, item_id` of the final lists.
        k: List length.
    """
    known = taken.filter(pl.col("item_id").is_in(catalogue.implode()))
    of_served = known.join(served, on="user_id", how="semi")
    among = of_served.join(offered, on=_PAIR, how="semi")
    listed = among.join(lists.filter(pl.col("rank") <= k), on=_PAIR)
    parts = {
        TAKEN: taken,
        KNOWN: known,
        SERVED: of_served,
        OFFERED: among,
        LISTED: listed,
        FIRST: listed.filter(pl.col("rank") == 1),
    }
    rows = [(stage, part.height, part["user_id"].n_unique()) for stage, part in parts.items()]
    return TakenFunnel(pl.DataFrame(rows, schema=STAGES_SCHEMA, orient="row"), _sources(of_served, served, offered))


def _sources(reachable: pl.DataFrame, served: pl.DataFrame, offered: pl.DataFrame) -> pl.DataFrame:
    if reachable.is_empty():
        return pl.DataFrame(schema=SOURCES_SCHEMA)
    found = offered.join(reachable, on=_PAIR, how="semi").unique(["source", *_PAIR])
    alone = found.filter(pl.len().over(_PAIR) == 1)
    n_users = served["user_id"].n_unique()
    n_taken = reachable.group_by("user_id").agg(pl.len().alias("shown")).sort("user_id")
    rows = []
    for source in served["source"].unique().sort():
        own = pl.col("source") == source
        by_user = found.filter(own).group_by("user_id").agg(pl.len().alias("taken"))
        counts = n_taken.join(by_user, on="user_id", how="left", maintain_order="left").fill_null(0)
        share = share_of(counts["taken"].to_numpy(), counts["shown"].to_numpy())
        n_offered = served.filter(own)["n_candidates"].sum() / n_users
        rows.append((source, n_offered, by_user["taken"].sum(), alone.filter(own).height, *share))
    return pl.DataFrame(rows, schema=SOURCES_SCHEMA, orient="row").sort("recall", "source", descending=[True, False])
