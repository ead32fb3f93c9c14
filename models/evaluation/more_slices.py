"""Slices that tell where lists are worse: users by what they did, items by what they are, either by any column.

A slice is a text `name=group`. Users and items may be in no group of a name (nothing known), never in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

RECENCY_DAYS = {7: "last_7_days", 28: "7_to_27_days"}
AGE_DAYS = {7: "under_7_days", 28: "7_to_27_days"}
OLDER = "28_days_or_more"
HOURS = {6: "night", 12: "morning", 18: "afternoon", 24: "evening"}
HEAD_SHARE, MIDDLE_SHARE = 0.5, 0.8
MOST_GROUPS = 20
"""Groups of a column of texts: the largest so many, the rest stay together."""
REST = "(others)"


def behaviour_slices(
    users: pl.Series, interactions: pl.DataFrame, items: pl.DataFrame, as_of_day: date
) -> pl.DataFrame:
    """Users by their past up to the as-of day.

    - `recency`: days since the last interaction: `last_7_days`, `7_to_27_days`, `28_days_or_more`;
    - `user_hour`: when most of their interactions lie, UTC: `night` (0 to 5), `morning`, `afternoon`, `evening`; the
      earlier of two equally frequent;
    - `user_price`: terciles of the mean price of what they took;
    - `user_category`: where most of it belongs, the first in the alphabet of equally frequent ones.

    Args:
        users: Ids of the users to slice, unique.
        interactions: Rows `user_id, item_id, event_day, event_at, price` up to the as-of day.
        items: Rows `item_id, category`.
        as_of_day: The day recency is counted to.

    Returns:
        Rows `user_id, slice`.
    """
    past = interactions.filter(pl.col("user_id").is_in(users.implode()))
    seen = past.group_by("user_id").agg(
        pl.col("event_day").max().alias("last_day"), pl.col("price").mean().alias("user_price")
    )
    hours = past.select("user_id", pl.col("event_at").dt.hour().cast(pl.Int64).alias("hour"))
    hours = hours.with_columns(_by_limits(pl.col("hour"), HOURS, "evening").alias("group"), order=pl.col("hour") // 6)
    categories = past.select("user_id", "item_id").join(items.select("item_id", "category"), on="item_id")
    categories = categories.drop_nulls("category").select("user_id", group="category", order="category")
    days = (pl.lit(as_of_day) - pl.col("last_day")).dt.total_days()
    recency = seen.select("user_id", group=_by_limits(days, RECENCY_DAYS, OLDER))
    return pl.concat(
        [
            _named(recency, "recency"),
            _named(_most_frequent(hours), "user_hour"),
            _named(terciles(seen.select("user_id", value="user_price")), "user_price"),
            _named(largest(_most_frequent(categories)), "user_category"),
        ]
    ).sort("user_id", "slice")


def item_slices(items: pl.DataFrame, interactions: pl.DataFrame, as_of_day: date) -> pl.DataFrame:
    """Items by what they are and how often they were taken up to the as-of day.

    - `item_age`: days since they were first known;
    - `item_popularity`: `head`, the most taken ones that make up half of all interactions, `middle` up to 80 %,
      `tail`, and `untouched`;
    - `item_category`; `item_price`: terciles over the items.

    Args:
        items: Rows `item_id, first_seen_on, category, price`, those known on the as-of day.
        interactions: Rows `item_id` up to the as-of day.
        as_of_day: The day age is counted to.

    Returns:
        Rows `item_id, slice`.
    """
    age = (pl.lit(as_of_day) - pl.col("first_seen_on")).dt.total_days()
    parts = [_named(items.select("item_id", group=_by_limits(age, AGE_DAYS, OLDER)), "item_age")]
    parts.append(_named(_popularity(items, interactions), "item_popularity"))
    parts.append(_named(largest(items.drop_nulls("category").select("item_id", group="category")), "item_category"))
    parts.append(_named(terciles(items.select("item_id", value="price")), "item_price"))
    return pl.concat(parts).sort("item_id", "slice")


def column_slices(columns: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Groups by columns of the warehouse: texts as they are, numbers in terciles.

    Args:
        columns: Name -> rows of an id and a value. Ids with several values keep the first by value.

    Returns:
        Rows `<id>, slice`, with the id's own name.
    """
    parts = []
    for name, frame in columns.items():
        key, value = frame.columns
        once = frame.drop_nulls().sort(key, value).unique(key, keep="first", maintain_order=True)
        if once.schema[value].is_numeric():
            parts.append(_named(terciles(once.select(key, value=value)), name))
        else:
            parts.append(_named(largest(once.select(key, group=pl.col(value).cast(pl.String))), name))
    return pl.concat(parts) if parts else pl.DataFrame()


def terciles(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows `<id>, group`: `low`, `medium`, `high`; equal values stay together, missing ones are left out.

    Args:
        frame: Rows `<id>, value`.
    """
    known = frame.with_columns(pl.col("value").cast(pl.Float64)).filter(pl.col("value").is_finite())
    low, high = (known["value"].quantile(share, interpolation="lower") or 0.0 for share in (1 / 3, 2 / 3))
    group = pl.when(pl.col("value") <= low).then(pl.lit("low")).when(pl.col("value") <= high).then(pl.lit("medium"))
    return known.select(pl.exclude("value"), group=group.otherwise(pl.lit("high")))


def largest(frame: pl.DataFrame, n: int = MOST_GROUPS) -> pl.DataFrame:
    """The n largest groups by their names, the first in the alphabet of equal ones; the others as one.

    Args:
        frame: Rows `<id>, group`.
        n: How many.
    """
    sizes = frame.group_by("group").len().sort(["len", "group"], descending=[True, False])
    kept = sizes["group"].head(n)
    group = pl.when(pl.col("group").is_in(kept.implode())).then("group").otherwise(pl.lit(REST))
    return frame.with_columns(group=group)


def _popularity(items: pl.DataFrame, interactions: pl.DataFrame) -> pl.DataFrame:
    counts = interactions.group_by("item_id").len()
    known = items.select("item_id").join(counts, on="item_id", how="left").with_columns(pl.col("len").fill_null(0))
    known = known.sort(["len", "item_id"], descending=[True, False])
    # What was taken by items before it: the item with which the head is full is still of the head.
    before = (pl.col("len").cum_sum() - pl.col("len")) / pl.col("len").sum()
    group = pl.when(pl.col("len") == 0).then(pl.lit("untouched")).when(before < HEAD_SHARE).then(pl.lit("head"))
    group = group.when(before < MIDDLE_SHARE).then(pl.lit("middle"))  # type: ignore[assignment]
    return known.select("item_id", group=group.otherwise(pl.lit("tail")))


def _by_limits(value: pl.Expr, limits: Mapping[int, str], beyond: str) -> pl.Expr:
    """The name of the first limit above the value."""
    name = pl.lit(beyond)
    for limit, group in reversed(list(limits.items())):
        name = pl.when(value < limit).then(pl.lit(group)).otherwise(name)  # type: ignore[assignment]
    return name


def _most_frequent(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows `user_id, group`: each user's most frequent group, the first by `order` of equal ones."""
    counts = rows.group_by("user_id", "group", "order").len()
    counts = counts.group_by("user_id", "group").agg(pl.col("len").sum(), pl.col("order").min())
    ranked = counts.sort(["user_id", "len", "order"], descending=[False, True, False])
    return ranked.unique("user_id", keep="first", maintain_order=True).select("user_id", "group")


def _named(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(pl.exclude("group"), slice=pl.lit(f"{name}=") + pl.col("group"))
