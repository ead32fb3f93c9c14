from datetime import datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.profiles.config import ExtractiveConfig, ItemExtraction
from models.profiles.extractive import ITEM_PROFILE_COLUMNS, item_profiles, profile_text
from models.profiles.schema import ItemProfile

MUG = {
    "item_id": "a",
    "title": "Stoneware <b>Mug</b>",
    "description": "<p>A hand-glazed mug for coffee.</p><p>Questions? jane@shop.com, +44 20 7946 0958.</p>",
    "category": "Home > Kitchen",
    "brand": "Luma",
    "price": 12.5,
    "available_from": datetime(2026, 2, 20),
}


def test_one_item_in_full(make_items, as_of):
    row = item_profiles(make_items([MUG]), as_of).row(0, named=True)
    profile = ItemProfile.model_validate_json(row["profile"])
    assert profile.title == "Stoneware Mug"
    assert profile.summary == row["summary"] == "Stoneware Mug by Luma. A hand-glazed mug for coffee."
    assert profile.category_path == ["Home", "Kitchen"] and row["category_path"] == "Home > Kitchen"
    assert [(a.name, a.value, a.basis) for a in profile.attributes] == [("brand", "Luma", "stated")]
    assert [phrase.text for phrase in profile.key_phrases] == row["key_phrases"]
    assert "stoneware mug" in row["key_phrases"] or "mug" in row["key_phrases"]
    assert (profile.price_band, profile.recency, profile.language) == ("middle", "new", "en")
    assert str(profile.available_since) == "2026-02-20" and row["days_available"] == 9
    assert row["backend"] == "extractive" and row["as_of_day"] == as_of and row["n_tokens_in"] > 5


def test_no_personal_data_gets_through(make_items, as_of):
    rows = [{"item_id": "a", "title": "Lamp call 555-123-4567", "description": "x@y.org", "brand": "me@z.com"}]
    text = item_profiles(make_items(rows), as_of)["profile"][0]
    assert "555" not in text and "@" not in text


@pytest.mark.parametrize(
    "row",
    [
        {"title": None, "description": None},
        {"title": "", "description": "  "},
        {"title": "😀😀", "description": "🎁"},
        {"title": "x" * 5000, "description": "<div>word</div>" * 15_000},
        {"title": "<" * 1000, "description": "<script>" * 20_000},
        {
            "title": 'quote " and \\ back',
            "description": "line\nline\u2028line\x00",
            "category": " > ".join("abcdefgh" * 20),
        },
        {"title": "t", "category": "x" * 5000, "brand": "b" * 5000, "price": float("nan")},
    ],
)
def test_awkward_items_have_valid_profiles(make_items, as_of, row):
    found = item_profiles(make_items([{"item_id": "odd", **row}]), as_of).row(0, named=True)
    profile = ItemProfile.model_validate_json(found["profile"])
    assert profile.item_id == "odd" and profile.summary and found["n_tokens_out"] >= 1
    assert profile_text(found).strip()


def test_every_row_is_valid_and_sorted(shop, as_of):
    profiles = item_profiles(shop[0].sample(fraction=1.0, shuffle=True, seed=1), as_of)
    assert profiles.schema == pl.Schema(ITEM_PROFILE_COLUMNS)
    assert (
        profiles["item_id"].is_sorted()
        and profiles.null_count().select(pl.exclude("days_available")).sum_horizontal().item() == 0
    )
    for own_id, text in profiles.select("item_id", "profile").rows():
        assert ItemProfile.model_validate_json(text).item_id == own_id


def test_empty_catalogue(make_items, as_of):
    profiles = item_profiles(make_items([]), as_of)
    assert profiles.height == 0 and profiles.schema == pl.Schema(ITEM_PROFILE_COLUMNS)


def test_order_of_the_rows_does_not_matter(shop, as_of):
    assert_frame_equal(item_profiles(shop[0], as_of), item_profiles(shop[0].reverse(), as_of))


def test_nothing_of_the_future_enters(shop, as_of, make_items):
    items, _ = shop
    future = make_items(
        [
            {"item_id": f"future{n}", "title": "red mug", "category": "Home > mug > x", "price": 1e6}
            | {"first_seen_on": as_of + timedelta(days=1)}
            for n in range(40)
        ]
    )
    withdrawn_later = items.with_columns(withdrawn_at=pl.lit(datetime(2026, 3, 2)))
    before = item_profiles(items, as_of)
    assert_frame_equal(before, item_profiles(pl.concat([items, future]), as_of))
    assert_frame_equal(before, item_profiles(withdrawn_later, as_of))
    assert item_profiles(pl.concat([items, future]), as_of + timedelta(days=1)).height == items.height + 40


def test_equal_digests_mean_equal_profiles(shop, as_of, make_items):
    """Over days and catalogues: whatever changes a profile changes its digest, and nothing else does."""
    items, _ = shop
    more = pl.concat(
        [items, make_items([{"item_id": f"n{n}", "title": "linen linen mug", "price": 2.0} for n in range(9)])]
    )
    frames = [item_profiles(frame, as_of + timedelta(days=d)) for frame in (items, more) for d in (0, 1, 30)]
    pairs = pl.concat(frames).select("input_digest", "profile").unique()
    assert pairs["input_digest"].n_unique() == pairs["profile"].n_unique() == pairs.height
    assert pairs.height < pl.concat(frames).height


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Stoneware Cup"},
        {"description": "A mug."},
        {"category": "Home > Garden"},
        {"brand": "Nori"},
        {"price": None},
        {"available_from": datetime(2026, 1, 1)},
        {"item_id": "b"},
    ],
)
def test_the_digest_covers_every_input(make_items, as_of, change):
    first = item_profiles(make_items([MUG]), as_of)
    second = item_profiles(make_items([MUG | change]), as_of)
    assert first["input_digest"][0] != second["input_digest"][0]


def test_a_day_passing_changes_neither_profile_nor_digest(make_items, as_of):
    first = item_profiles(make_items([MUG]), as_of)
    second = item_profiles(make_items([MUG]), as_of + timedelta(days=1))
    unchanged = pl.exclude("as_of_day", "days_available")
    assert_frame_equal(first.select(unchanged), second.select(unchanged))
    assert second["days_available"][0] == first["days_available"][0] + 1


ITEM_CHANGES = {
    "max_key_phrases": 1,
    "max_phrase_words": 1,
    "title_weight": 0.1,
    "max_document_share": 0.05,
    "max_text_characters": 100,
    "summary_sentences": 0,
    "summary_characters": 40,
    "low_price_quantile": 0.5,
    "high_price_quantile": 0.5,
    "min_category_prices": 50,
    "new_days": 0,
    "recent_days": 200,
}


@pytest.mark.parametrize("field", list(ItemExtraction.model_fields))
def test_every_setting_changes_profiles(shop, as_of, field):
    changed = ExtractiveConfig(item={field: ITEM_CHANGES[field]})
    items = shop[0]
    assert not item_profiles(items, as_of, changed)["profile"].equals(item_profiles(items, as_of)["profile"])


def test_text_to_embed(make_items, as_of):
    row = {"summary": "Red mug.", "category_path": "Comedy|Drama", "key_phrases": ["red mug", "stoneware"]}
    assert profile_text(row) == "Red mug.\nCategory: Comedy, Drama.\nAbout: stoneware."
    assert profile_text({"summary": "Mostly lamps."}) == "Mostly lamps."
    first, later = (item_profiles(make_items([MUG]), as_of + timedelta(days=d)).row(0, named=True) for d in (0, 90))
    assert profile_text(first) == profile_text(later)
