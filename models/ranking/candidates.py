"""Candidates of all sources merged into one row per user and item."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

CANDIDATE_COLUMNS = ["user_id", "item_id", "source", "source_rank", "source_score"]
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9_]*")


def merge_candidates(frame: pl.DataFrame, sources: Sequence[str] | None = None) -> pl.DataFrame:
    """Merge the candidates of all sources.

    Args:
        frame: Rows `user_id, item_id, source, source_rank` (1-based)`, source_score`; other columns are dropped.
            Where a source offers the same pair twice, its better rank counts.
        sources: The sources whose columns the result has, in this order; give it wherever a model depends on the
            columns, because a source that offered nothing today must still have its (null) columns. `None` takes
            the sources found, sorted.

    Returns:
        One row per (user, item), sorted by them: `user_id, item_id`, per source `rank_<source>` i32 and
        `score_<source>` f64 (null where that source did not offer the pair), `n_sources` i32, `best_rank` i32,
        `best_source` (the smallest rank, ties to the name that sorts first) and `sources` (all, best first).

    Raises:
        ValueError: A row names a source outside `sources`, a rank is below 1, or a name is not in snake_case.
    """
    found = sorted(frame["source"].unique().to_list())
    names = list(sources) if sources is not None else found
    _validate(frame, found, names)
    ordered = (
        frame.select(CANDIDATE_COLUMNS)
        .sort("user_id", "item_id", "source_rank", "source", "source_score")
        .unique(["user_id", "item_id", "source"], keep="first", maintain_order=True)
    )
    per_source = [
        column
        for name in names
        for column in (
            pl.col("source_rank").filter(pl.col("source") == name).first().cast(pl.Int32).alias(f"rank_{name}"),
            pl.col("source_score").filter(pl.col("source") == name).first().cast(pl.Float64).alias(f"score_{name}"),
        )
    ]
    return ordered.group_by("user_id", "item_id", maintain_order=True).agg(
        *per_source,
        pl.len().cast(pl.Int32).alias("n_sources"),
        pl.col("source_rank").first().cast(pl.Int32).alias("best_rank"),
        pl.col("source").first().alias("best_source"),
        pl.col("source").alias("sources"),
    )


def sources_of(candidates: pl.DataFrame) -> list[str]:
    """The sources a merged frame has columns for, in column order."""
    columns = set(candidates.columns)
    names = [column.removeprefix("rank_") for column in candidates.columns if column.startswith("rank_")]
    return [name for name in names if f"score_{name}" in columns]


def _validate(frame: pl.DataFrame, found: list[str], names: list[str]) -> None:
    if unknown := sorted(set(found) - set(names)):
        raise ValueError(f"candidates name the sources {unknown}, expected only {names}")
    if bad := [name for name in names if not _SOURCE_NAME.fullmatch(name)]:
        raise ValueError(f"source names become column names and must be snake_case, found {bad}")
    n_bad = len(frame) - int((frame["source_rank"] >= 1).sum())
    if n_bad:
        raise ValueError(f"source_rank is 1-based and never null, found {n_bad} rows below 1 or null")
