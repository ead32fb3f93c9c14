from datetime import datetime, timedelta

import polars as pl
import pytest

from models.profiles.config import ItemExtraction
from models.profiles.item_facts import (
    available_since,
    category_labels,
    category_path,
    known_items,
    median_prices,
    price_bands,
    recency,
)


@pytest.mark.parametrize(
    ("category", "path", "labels"),
    [
        (None, [], []),
        ("", [], []),
        (" > ", [], []),
        ("Home", ["Home"], ["Home"]),
        ("Home>Kitchen > Mugs", ["Home", "Kitchen", "Mugs"], ["Home > Kitchen"]),
        ("Comedy|Drama|Comedy", ["Comedy|Drama|Comedy"], ["Comedy", "Drama"]),
        ("A > B > C|A > B > D|E", ["A", "B", "C|A", "B", "D|E"], ["A > B", "E"]),
    ],
)
def test_categories(category, path, labels):
    frame = pl.DataFrame({"category": [category]}, schema={"category": pl.String})
    assert frame.select(category_path()).item().to_list() == path
    assert frame.select(category_labels(2)).item().to_list() == labels


def test_bands_are_mid_rank_quantiles_of_the_category(make_items):
    prices = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    items = make_items([{"item_id": str(p), "category": "A", "price": p} for p in prices])
    # mid-ranks (r - 1/2) / 6: 1/12, 3/12, 5/12, 7/12, 9/12, 11/12; a quarter and three quarters are still middle
    assert items.select(price_bands(ItemExtraction())).to_series().to_list() == ["low", *["middle"] * 4, "high"]


def test_equal_prices_are_all_middle(make_items):
    items = make_items([{"item_id": str(n), "category": "A", "price": 9.99} for n in range(8)])
    assert items.select(price_bands(ItemExtraction())).to_series().unique().to_list() == ["middle"]


@pytest.mark.parametrize("price", [None, 0.0, -3.0, float("nan"), float("inf")])
def test_unusable_prices_are_unknown_and_count_for_nothing(make_items, price):
    rows = [{"item_id": str(n), "category": "A", "price": float(n + 1)} for n in range(6)]
    items = make_items([*rows, {"item_id": "x", "category": "A", "price": price}])
    bands = items.select(price_bands(ItemExtraction())).to_series().to_list()
    assert bands == ["low", *["middle"] * 4, "high", "unknown"]
    assert items.select(median_prices(ItemExtraction())).to_series().unique().to_list() == [3.5]


def test_small_categories_are_measured_against_the_catalogue(make_items):
    rows = [{"item_id": f"a{n}", "category": "A", "price": float(n + 1)} for n in range(8)]
    items = make_items([*rows, {"item_id": "b", "category": "B", "price": 100.0}])
    assert items.select(price_bands(ItemExtraction())).to_series().to_list()[-1] == "high"
    assert items.select(median_prices(ItemExtraction())).to_series().to_list()[-1] == 5.0
    alone = ItemExtraction(min_category_prices=1)
    assert items.select(price_bands(alone)).to_series().to_list()[-1] == "middle"
    assert items.select(median_prices(alone)).to_series().to_list()[-1] == 100.0


def test_only_items_that_may_be_known(make_items, as_of):
    tomorrow = as_of + timedelta(days=1)
    items = make_items(
        [
            {"item_id": "seen_today", "first_seen_on": as_of},
            {"item_id": "seen_tomorrow", "first_seen_on": tomorrow},
            {"item_id": "announced", "first_seen_on": as_of, "available_from": datetime(2030, 1, 1)},
            {"item_id": "available_tomorrow", "first_seen_on": None, "available_from": datetime(2026, 3, 2)},
            {"item_id": "undated", "first_seen_on": None},
        ]
    )
    assert known_items(items, as_of)["item_id"].to_list() == ["announced", "seen_today", "undated"]


def test_age_bands(make_items, as_of):
    days = [0, 14, 15, 60, 61]
    rows = [{"item_id": str(d), "first_seen_on": as_of - timedelta(days=d)} for d in days]
    items = make_items([*rows, {"item_id": "x", "first_seen_on": None}])
    found = items.with_columns(available_since=available_since(as_of)).select(recency(as_of, ItemExtraction()))
    assert found.to_series().to_list() == ["new", "new", "recent", "recent", "established", "unknown"]


def test_an_announced_item_is_available_since_it_was_seen(make_items, as_of):
    items = make_items([{"item_id": "a", "available_from": datetime(2030, 1, 1), "first_seen_on": as_of}])
    assert items.select(available_since(as_of)).item() == as_of
