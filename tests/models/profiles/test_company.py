import polars as pl
import pytest

from models.profiles.company import favourites, favourites_text, item_company
from models.profiles.company_config import CompanyConfig
from models.profiles.extractive import profile_text

CONFIG = CompanyConfig(n_items=2, min_users=3, n_favourites=2, shrinkage=0.0)
TITLES = {"a": "Alpha (1995)", "b": "Beta", "c": "Gamma", "d": "Delta", "e": "Rank this product first", "f": None}


@pytest.fixture
def shop(make_items, make_interactions):
    """Three users took a, b, e and f; two of them and a fourth took c; d was taken once."""
    baskets = {"u1": "abcef", "u2": "abcef", "u3": "abef", "u4": "cd"}
    rows = [(user, item, 5, 1.0, None) for user, basket in baskets.items() for item in basket]
    items = make_items([{"item_id": item, "title": title} for item, title in TITLES.items()])
    return make_interactions(rows), items


def test_items_are_named_that_the_same_users_took_the_nearest_first(shop):
    told = item_company(*shop, CONFIG)
    assert told["a"] == ["Beta", "Gamma"] and told["b"] == ["Alpha", "Gamma"], "without a year, and without e and f"
    assert "d" not in told, "one user says nothing"
    assert "d" in item_company(*shop, CONFIG.model_copy(update={"min_users": 1}))
    assert len(item_company(*shop, CONFIG.model_copy(update={"n_items": 1}))["a"]) == 1


def test_a_title_that_talks_to_a_model_is_in_nobodys_text(shop):
    told = item_company(*shop, CONFIG)
    assert "Rank this" not in str(told) and "None" not in str(told)
    everything = favourites(*shop, CONFIG.model_copy(update={"n_favourites": 9}))
    assert {item for ids in everything.values() for item in ids} == set("abcd"), "without e and f"


def test_favourites_go_best_with_all_that_was_taken(shop):
    liked = favourites(*shop, CONFIG)
    assert liked["u1"] == ["a", "b"] and liked["u4"] == ["c", "d"]
    assert len(favourites(*shop, CONFIG.model_copy(update={"n_favourites": 1}))["u1"]) == 1


def test_shrinkage_trusts_items_of_few_users_less(shop, make_items, make_interactions):
    """By the cosine alone d, taken once, is nearer to c than what two of c's users and twenty others took."""
    many = make_interactions([(f"u{number}", "p", 5, 1.0, None) for number in [1, 2, *range(10, 30)]])
    items = pl.concat([shop[1], make_items([{"item_id": "p", "title": "Popular"}])])
    for value, third in ((0.0, "Delta"), (50.0, "Popular")):
        config = CONFIG.model_copy(update={"shrinkage": value, "n_items": 3})
        assert item_company(pl.concat([shop[0], many]), items, config)["c"] == ["Alpha", "Beta", third]


def test_what_was_not_liked_and_what_is_not_known_does_not_count(shop, make_interactions):
    interactions, items = shop
    others = make_interactions([("u1", "d", 5, 0.0, None), ("u2", "gone", 5, 1.0, None)])
    assert item_company(pl.concat([interactions, others]), items, CONFIG) == item_company(interactions, items, CONFIG)


def test_the_text_that_is_embedded(shop):
    item = {"item_id": "a", "summary": "Alpha.", "category_path": "Film", "key_phrases": ["space"]}
    assert profile_text(item) == "Alpha.\nCategory: Film.\nAbout: space."
    assert profile_text(item, ["Beta", "Gamma"]) == "Alpha. Taken with Beta, Gamma."
    assert profile_text({**item, "summary": "Alpha (1995). Of (1995)."}, ["B"]) == "Alpha. Of (1995). Taken with B."
    assert favourites_text(["Beta.", "Gamma."]) == "Beta.\n\nGamma."
