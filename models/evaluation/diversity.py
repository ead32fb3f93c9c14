"""How different items are within a list, and lists between users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

NAN = float("nan")
_BLOCK_VALUES = 8_000_000
"""Numbers of item vectors held at once: 64 MB."""


@dataclass(frozen=True)
class ItemVectors:
    """Vectors of items.

    Attributes:
        item_ids: `[n_items]` ids, unique.
        values: `[n_items, embedding_size]`, finite; any length but 0.
    """

    item_ids: pl.Series
    values: np.ndarray

    def __post_init__(self) -> None:
        if len(self.item_ids) != len(self.values):
            raise ValueError(f"{len(self.item_ids)} item ids cannot go with {len(self.values)} vectors")
        if self.item_ids.is_duplicated().any():
            raise ValueError("an item has two vectors")
        if not np.isfinite(self.values).all():
            raise ValueError("item vectors are finite; leave items without a vector out")


def vector_diversity(recommendations: pl.DataFrame, vectors: ItemVectors, k: int) -> float:
    """Intra-list diversity: mean over lists of `1 - cosine` between two of its items.

    All pairs of a list at once: with unit vectors `v_i` and m items, `sum(cos) = |sum(v_i)|^2 - m`. (Smyth and McClave
    2001, "Similarity vs. Diversity"; Ziegler et al. 2005, "Improving Recommendation Lists Through Topic
    Diversification".)

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        vectors: Items without one, or with one of length 0, are left out of the lists.
        k: List length.

    Returns:
        In [0, 2]; 0 where the items of every list point the same way. Over the lists with at least 2 items left; NaN
        without one.
    """
    lengths = np.linalg.norm(vectors.values, axis=1)
    known = pl.DataFrame({"item_id": vectors.item_ids, "row": np.arange(len(lengths))}).filter(pl.Series(lengths > 0))
    shown = recommendations.filter(pl.col("rank") <= k).select("user_id", "item_id").join(known, on="item_id")
    shown = shown.filter(pl.len().over("user_id") >= 2).sort("user_id", "row")
    if shown.is_empty():
        return NAN
    starts = np.append(np.flatnonzero((shown["user_id"] != shown["user_id"].shift()).fill_null(True)), len(shown))
    rows, total = shown["row"].to_numpy(), 0.0
    per_block = max(1, _BLOCK_VALUES // (vectors.values.shape[1] * k))
    for first in range(0, len(starts) - 1, per_block):
        edges = starts[first : first + per_block + 1]
        chosen = rows[edges[0] : edges[-1]]
        sums = np.add.reduceat(vectors.values[chosen] / lengths[chosen, None], edges[:-1] - edges[0], axis=0)
        n = np.diff(edges)
        total += float((1 - ((sums**2).sum(axis=1) - n) / (n * (n - 1))).sum())
    return total / (len(starts) - 1)


def category_diversity(recommendations: pl.DataFrame, categories: pl.DataFrame, k: int) -> float:
    """Intra-list diversity by category: chance that two items of a list differ in it, the mean over lists.

    The cosine of one-hot categories in `vector_diversity`.

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        categories: Rows `item_id, category`, one per item. Items without a category are left out of the lists.
        k: List length.

    Returns:
        In [0, 1]; NaN where no list has at least 2 items left.

    Raises:
        ValueError: An item has two rows.
    """
    known = categories.select("item_id", "category").drop_nulls()
    if known["item_id"].is_duplicated().any():
        raise ValueError("an item has two categories; give one row per item")
    shown = recommendations.filter(pl.col("rank") <= k).select("user_id", "item_id").join(known, on="item_id")
    n, same = pl.col("n"), pl.col("n") * (pl.col("n") - 1)
    counts = shown.group_by("user_id", "category").agg(pl.len().cast(pl.Float64).alias("n"))
    lists = counts.group_by("user_id").agg(same.sum().alias("same"), n.sum()).filter(n >= 2)
    if lists.is_empty():
        return NAN
    return float((1 - lists["same"] / (lists["n"] * (lists["n"] - 1))).sort().to_numpy().mean())


def personalisation(recommendations: pl.DataFrame, k: int) -> float:
    """How different the lists of two users are: 1 minus the mean overlap of all pairs of lists.

    The overlap of two lists of a and b items is `shared / sqrt(a * b)`, the cosine of their 0/1 vectors, and so
    `shared / k` for full lists. Over pairs it sums to `(sum over items of s_i^2 - n) / 2` with
    `s_i = sum(1 / sqrt(length))` over the n lists that hold item i: exact, without the users x users matrix.

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        k: List length.

    Returns:
        In [0, 1]: 0 where all have the same list, 1 where no two share an item. NaN with fewer than 2 lists.
    """
    shown = recommendations.filter(pl.col("rank") <= k).select("user_id", "item_id")
    n_lists = shown["user_id"].n_unique()
    if n_lists < 2:
        return NAN
    weight = 1 / pl.len().over("user_id").sqrt()
    weighed = shown.with_columns(weight.alias("weight")).sort("weight")
    sums = weighed.group_by("item_id", maintain_order=True).agg(pl.col("weight").sum())
    squares = float((sums["weight"].sort().to_numpy() ** 2).sum())
    # Rounding may leave -1e-17 where it is 0.
    return max(0.0, 1 - (squares - n_lists) / (n_lists * (n_lists - 1)))
