from itertools import combinations
from math import isnan, sqrt

import numpy as np
import polars as pl
import pytest

from models.evaluation import diversity
from models.evaluation.diversity import ItemVectors, category_diversity, personalisation, vector_diversity

VECTORS = ItemVectors(pl.Series(list("abcdz")), np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0], [-1.0, 0.0], [0.0, 0.0]]))
CATEGORIES = pl.DataFrame({"item_id": list("abcde"), "category": ["x", "x", "y", "z", None]})


def test_vector_diversity_by_hand(make_list):
    assert vector_diversity(make_list(u="ab"), VECTORS, 2) == pytest.approx(1)
    assert vector_diversity(make_list(u="ad"), VECTORS, 2) == pytest.approx(2)
    cosine = 1 / sqrt(2)
    assert vector_diversity(make_list(u="abc"), VECTORS, 3) == pytest.approx((1 + 2 * (1 - cosine)) / 3)
    # v is too short, w has a vector of length 0 and x an item without one: only u counts.
    mixed = make_list(u="ab", v="a", w="az", x="aq")
    assert vector_diversity(mixed, VECTORS, 2) == pytest.approx(1)
    assert isnan(vector_diversity(mixed, VECTORS, 1))
    assert isnan(vector_diversity(make_list(), VECTORS, 2))


@pytest.mark.parametrize("block_values", [1, 30, 10**6])
def test_vector_diversity_agrees_with_pairs(make_list, monkeypatch, block_values):
    monkeypatch.setattr(diversity, "_BLOCK_VALUES", block_values)
    generator = np.random.default_rng(0)
    items = list("abcdefghij")
    values = generator.normal(size=(10, 5))
    lists = {f"u{user}": "".join(generator.permutation(items)[: generator.integers(1, 9)]) for user in range(25)}
    unit = dict(zip(items, values / np.linalg.norm(values, axis=1, keepdims=True), strict=True))
    means = [
        np.mean([1 - unit[i] @ unit[j] for i, j in combinations(chosen[:6], 2)])
        for chosen in lists.values()
        if len(chosen) > 1
    ]
    found = vector_diversity(make_list(**lists).reverse(), ItemVectors(pl.Series(items), values), 6)
    assert found == pytest.approx(np.mean(means))


def test_category_diversity(make_list):
    # u: of x, x, y two of three pairs differ; v: x, x; w has one category left.
    lists = make_list(u="abc", v="ab", w="ae", x="aq")
    assert category_diversity(lists, CATEGORIES, 3) == pytest.approx((2 / 3 + 0) / 2)
    assert isnan(category_diversity(lists, CATEGORIES, 1))
    generator = np.random.default_rng(1)
    category = dict(zip("abcdefgh", "xxxyyzzz", strict=True))
    chosen = {f"u{user}": "".join(generator.permutation(list(category))[:5]) for user in range(20)}
    means = [np.mean([category[i] != category[j] for i, j in combinations(c, 2)]) for c in chosen.values()]
    frame = pl.DataFrame({"item_id": list(category), "category": list(category.values())})
    assert category_diversity(make_list(**chosen), frame, 5) == pytest.approx(np.mean(means))


def test_personalisation_by_hand(make_list):
    assert personalisation(make_list(u="ab", v="ba", w="ab"), 2) == pytest.approx(0)
    assert personalisation(make_list(u="ab", v="cd"), 2) == pytest.approx(1)
    # Overlaps 1/2, 0 and 1/2; then with a short list 1 / sqrt(1 * 2).
    assert personalisation(make_list(u="ab", v="bc", w="cd"), 2) == pytest.approx(1 - (1 / 2 + 0 + 1 / 2) / 3)
    assert personalisation(make_list(u="a", v="ab"), 2) == pytest.approx(1 - 1 / sqrt(2))
    assert isnan(personalisation(make_list(u="ab"), 2))
    assert isnan(personalisation(make_list(), 2))


def test_personalisation_agrees_with_all_pairs(make_list):
    generator = np.random.default_rng(2)
    lists = {
        f"u{user}": "".join(generator.permutation(list("abcdefgh"))[: generator.integers(1, 6)]) for user in range(30)
    }
    overlaps = [
        len(set(a[:4]) & set(b[:4])) / sqrt(len(a[:4]) * len(b[:4])) for a, b in combinations(lists.values(), 2)
    ]
    assert personalisation(make_list(**lists), 4) == pytest.approx(1 - np.mean(overlaps))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ItemVectors(pl.Series(["a"]), np.ones((2, 2))), "1 item ids"),
        (lambda: ItemVectors(pl.Series(["a", "a"]), np.ones((2, 2))), "two vectors"),
        (lambda: ItemVectors(pl.Series(["a"]), np.array([[np.nan]])), "finite"),
    ],
)
def test_vectors_that_are_none_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_two_categories_of_one_item_are_refused(make_list):
    with pytest.raises(ValueError, match="two categories"):
        category_diversity(make_list(u="ab"), pl.concat([CATEGORIES, CATEGORIES]), 2)
