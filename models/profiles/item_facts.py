"""Facts about items that need no reading: categories, prices against their category, age on a day."""

from __future__ import annotations

from datetime import date

import polars as pl

from models.profiles.config import ItemExtraction

ITEM_INPUTS: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    "title": pl.String(),
    "description": pl.String(),
    "category": pl.String(),
    "brand": pl.String(),
    "price": pl.Float64(),
    "available_from": pl.Datetime("us"),
    "first_seen_on": pl.Date(),
}
"""The columns of an item known on the as-of day that a profile reads."""

_MAX_LEVELS = 20  # as in the schema


def known_items(items: pl.DataFrame, as_of_day: date) -> pl.DataFrame:
    """The items that may be known on a day.

    Args:
        items: Rows of `items_known`.
        as_of_day: Last day seen.

    Returns:
        `ITEM_INPUTS` of the items first seen, or where that is missing first available, on `as_of_day` or before,
        sorted by id. Items without either date are kept.
    """
    known_from = pl.coalesce("first_seen_on", pl.col("available_from").dt.date())
    frame = items.select(pl.col(name).cast(dtype) for name, dtype in ITEM_INPUTS.items())
    return frame.filter(known_from.is_null() | (known_from <= as_of_day)).sort("item_id")


def category_path(column: str = "category") -> pl.Expr:
    """`A > B` as a list, widest first, blank levels dropped; an empty list for null."""
    levels = pl.col(column).fill_null("").str.slice(0, 1000).str.split(">")
    return (
        levels.list.eval(pl.element().str.strip_chars().str.slice(0, 200))
        .list.eval(pl.element().filter(pl.element() != ""))
        .list.head(_MAX_LEVELS)
    )


def category_labels(depth: int, column: str = "category") -> pl.Expr:
    """The names under which an item's category counts as a taste, as a list.

    A path is cut to its first `depth` levels. Catalogues that give an item several categories side by side
    ("Comedy|Drama") yield one label each.
    """
    cut = (
        pl.element()
        .str.split(">")
        .list.eval(pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != ""))
        .list.head(depth)
        .list.join(" > ")
        .str.slice(0, 400)
    )
    labels = pl.col(column).fill_null("").str.split("|").list.eval(cut)
    return labels.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)


def _usable_price() -> pl.Expr:
    price = pl.col("price")
    return pl.when(price.is_finite() & (price > 0)).then(price)


def price_bands(config: ItemExtraction) -> pl.Expr:
    """`low`, `middle`, `high` or `unknown` for every row of a catalogue.

    The measure is the item's mid-rank quantile among the priced items of its whole category, or of the catalogue where
    the category has fewer than `min_category_prices`: equal prices share one quantile, so a category with a single
    price is all `middle`. Missing, infinite and non-positive prices are `unknown`.
    """
    price = _usable_price()
    category = pl.col("category").fill_null("")
    within = (price.rank("average").over(category) - 0.5) / price.count().over(category)
    overall = (price.rank("average") - 0.5) / price.count()
    quantile = pl.when(price.count().over(category) >= config.min_category_prices).then(within).otherwise(overall)
    return (
        pl.when(price.is_null())
        .then(pl.lit("unknown"))
        .when(quantile < config.low_price_quantile)
        .then(pl.lit("low"))
        .when(quantile > config.high_price_quantile)
        .then(pl.lit("high"))
        .otherwise(pl.lit("middle"))
    )


def median_prices(config: ItemExtraction) -> pl.Expr:
    """The median price of every row's category, or of the catalogue where the category is too small; else null."""
    price = _usable_price()
    category = pl.col("category").fill_null("")
    enough = price.count().over(category) >= config.min_category_prices
    return pl.when(enough).then(price.median().over(category)).otherwise(price.median())


def available_since(as_of_day: date) -> pl.Expr:
    """First day the item was available, or seen where it was announced ahead or has no such date."""
    available = pl.col("available_from").dt.date()
    return pl.when(available <= as_of_day).then(available).otherwise(pl.col("first_seen_on"))


def recency(as_of_day: date, config: ItemExtraction) -> pl.Expr:
    """`new`, `recent`, `established` or `unknown`, from the days since `available_since` (a column of that name)."""
    days = (pl.lit(as_of_day) - pl.col("available_since")).dt.total_days()
    return (
        pl.when(days.is_null())
        .then(pl.lit("unknown"))
        .when(days <= config.new_days)
        .then(pl.lit("new"))
        .when(days <= config.recent_days)
        .then(pl.lit("recent"))
        .otherwise(pl.lit("established"))
    )
