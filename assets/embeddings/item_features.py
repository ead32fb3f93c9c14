"""What retrievers may know of items besides who touched them, as it was known on an as-of day."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import polars as pl

from assets.embeddings.text_vectors import read_text_vectors
from assets.point_in_time import items_known
from models.errors import UserError
from models.profiles.item_facts import category_labels
from models.retrieval.item_features import ItemFeatures, attribute_tokens
from resources.warehouse import Warehouse

CATEGORY_LEVELS = 4
PRICE_BANDS = 10
"""Bands of prices with as many items in each."""


def read_item_features(warehouse: Warehouse, day: dt.date, item_ids: np.ndarray) -> ItemFeatures:
    """Text vectors, and category (each level of its path), brand and price band as attributes.

    Args:
        warehouse: Where item_text_embeddings and core_item_versions are.
        day: As-of day; nothing known later is read.
        item_ids: The vocabulary.

    Raises:
        UserError: A text vector is not finite; names the items.
    """
    ids, vectors = read_text_vectors(warehouse, "item", day)
    bad = [ids[row] for row in np.flatnonzero(~np.isfinite(vectors).all(axis=1))]
    if bad:
        raise UserError(
            f"the text vectors of {len(bad)} items are not finite: {', '.join(map(repr, bad[:5]))}",
            f"table item_text_embeddings, {day}",
            "Materialise item_text_embeddings again; if they stay, look at the profiles or try another text.encoder",
        )
    place = {item: number for number, item in enumerate(ids)}
    text = np.zeros((len(item_ids), vectors.shape[1] if len(ids) else 1), dtype=np.float32)
    rows = np.array([place.get(item, -1) for item in item_ids.tolist()])
    text[rows >= 0] = vectors[rows[rows >= 0]]
    items = items_known(warehouse, day).select("item_id", "brand", band=_price_band(), categories=_categories())
    known = {item: list(_pairs(*values)) for item, *values in items.iter_rows()}
    tokens, n_tokens = attribute_tokens([known.get(item, []) for item in item_ids.tolist()])
    return ItemFeatures(text, tokens, n_tokens)


def _pairs(brand: str | None, band: int | None, categories: list[str]) -> Iterator[tuple[str, str]]:
    yield from (("category", label) for label in categories)
    if brand:
        yield "brand", brand
    if band is not None:
        yield "price", str(band)


def _categories() -> pl.Expr:
    """Each level of each of an item's categories: `A > B` gives `A` and `A > B`."""
    return pl.concat_list(category_labels(depth) for depth in range(1, CATEGORY_LEVELS + 1)).list.unique()


def _price_band() -> pl.Expr:
    price = pl.when(pl.col("price").is_finite() & (pl.col("price") > 0)).then("price")
    return ((price.rank() - 1) / price.count() * PRICE_BANDS).floor().cast(pl.Int64)
