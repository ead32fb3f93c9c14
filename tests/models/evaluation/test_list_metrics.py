from math import isnan, log2

import numpy as np
import polars as pl
import pytest

from models.evaluation.list_metrics import catalogue_coverage, exposure_entropy, gini, novelty

LISTS = pl.DataFrame({"user_id": ["u", "u", "v", "v"], "rank": [1, 2, 1, 2], "item_id": ["a", "b", "a", "outside"]})
CATALOGUE = pl.Series("item_id", ["a", "b", "c", "d"])
PAST = pl.DataFrame({"user_id": ["u", "u", "v", "w", "x"], "item_id": ["a", "a", "a", "b", "c"]})


def test_coverage():
    assert catalogue_coverage(LISTS, CATALOGUE, 2) == 2 / 4
    assert catalogue_coverage(LISTS, CATALOGUE, 1) == 1 / 4
    assert catalogue_coverage(LISTS.clear(), CATALOGUE, 2) == 0
    assert isnan(catalogue_coverage(LISTS, CATALOGUE.clear(), 2))


def test_novelty():
    # Of four users two took a and one took b; what nobody took counts as taken by one.
    assert novelty(LISTS, PAST, 1) == pytest.approx(log2(4 / 2))
    assert novelty(LISTS, PAST, 2) == pytest.approx((2 * log2(4 / 2) + log2(4) + log2(4)) / 4)
    assert isnan(novelty(LISTS.clear(), PAST, 2))
    assert isnan(novelty(LISTS, PAST.clear(), 2))


def test_gini_by_hand():
    # Shown 0, 0, 1, 2 times: (-3 * 0 - 1 * 0 + 1 * 1/3 + 3 * 2/3) / 3.
    assert gini(LISTS, CATALOGUE, 2) == pytest.approx((1 / 3 + 3 * 2 / 3) / 3)
    assert gini(LISTS, CATALOGUE, 1) == pytest.approx(1)
    assert gini(LISTS.head(2), pl.Series("item_id", ["a", "b"]), 2) == pytest.approx(0)


def test_gini_agrees_with_mean_absolute_difference():
    generator = np.random.default_rng(3)
    items = [f"i{number}" for number in range(20)]
    lists = pl.DataFrame(
        {
            "user_id": [f"u{number}" for number in range(50)],
            "rank": [1] * 50,
            "item_id": generator.choice(items, size=50, p=np.arange(1, 21) / 210),
        }
    )
    counts = np.array([(lists["item_id"] == item).sum() for item in items])
    naive = sum(abs(x - y) for x in counts for y in counts) / (2 * len(counts) * counts.sum()) * 20 / 19
    assert gini(lists, pl.Series("item_id", items), 1) == pytest.approx(naive)


def test_gini_without_meaning_is_nan():
    assert isnan(gini(LISTS.clear(), CATALOGUE, 2))
    assert isnan(gini(LISTS, CATALOGUE.head(1), 2))


def test_exposure_entropy():
    # Within 2 of the catalogue: a, b, a.
    assert exposure_entropy(LISTS, CATALOGUE, 2) == pytest.approx(2 / 3 * log2(3 / 2) + 1 / 3 * log2(3))
    assert exposure_entropy(LISTS, CATALOGUE, 1) == 0
    assert exposure_entropy(LISTS.head(2), pl.concat([CATALOGUE, CATALOGUE]), 9) == pytest.approx(1)
    assert isnan(exposure_entropy(LISTS.clear(), CATALOGUE, 2))
    assert isnan(exposure_entropy(LISTS, pl.Series("item_id", ["c"]), 2))
    generator = np.random.default_rng(3)
    shown = [f"i{number}" for number in generator.integers(9, size=60)]
    lists = pl.DataFrame({"user_id": [f"u{number}" for number in range(60)], "rank": [1] * 60, "item_id": shown})
    naive = -sum(shown.count(item) / 60 * log2(shown.count(item) / 60) for item in set(shown))
    assert exposure_entropy(lists, pl.Series("item_id", shown), 1) == pytest.approx(naive)
