from itertools import combinations, product
from math import isnan, log

import numpy as np
import polars as pl
import pytest

from models.evaluation.exposure_fairness import (
    MEASURES,
    exposure_fairness,
    fairest_exposures,
    most_unfair_exposures,
)

CATALOGUE = pl.Series("item_id", list("abcd"))


def naive(exposures):
    """The plain measures, one loop each."""
    n, total = len(exposures), sum(exposures)
    return {
        "jain": total**2 / (n * sum(x * x for x in exposures)),
        "qf": sum(x > 0 for x in exposures) / n,
        "entropy": -sum(x / total * log(x / total) for x in exposures if x),
        "fsat": sum(x >= total // n for x in exposures) / n,
        "gini": sum(abs(x - y) for x in exposures for y in exposures) / (2 * n * total),
    }


def test_by_hand(make_list):
    # Four places, exposures 2, 1, 1, 0; the worst are 2, 2, 0, 0, the best 1, 1, 1, 1.
    found = exposure_fairness(make_list(u="ab", v="ac"), CATALOGUE, 2)
    assert found["jain"] == pytest.approx((16 / (4 * 6) - 1 / 2) / (1 - 1 / 2))
    assert found["qf"] == pytest.approx((3 / 4 - 2 / 4) / (1 - 2 / 4))
    assert found["entropy"] == pytest.approx((log(2) / 2 + log(4) / 2 - log(2)) / (log(4) - log(2)))
    assert found["fsat"] == pytest.approx((3 / 4 - 2 / 4) / (1 - 2 / 4))
    # Gini: (-3 * 0 - 1 + 1 + 3 * 2) / 16, between 0 and (1 + 3) * 2 / 16.
    assert found["gini"] == pytest.approx((6 / 16) / (8 / 16))


def test_the_ends_are_reached(make_list):
    worst = exposure_fairness(make_list(u="ab", v="ba", w="ab"), CATALOGUE, 2)
    assert worst == {"jain": 0, "qf": 0, "entropy": 0, "fsat": 0, "gini": 1}
    # Six places cannot fall evenly on four items, and still this is the fairest.
    best = exposure_fairness(make_list(u="ab", v="cd", w="ac"), CATALOGUE, 2)
    assert best == pytest.approx({"jain": 1, "qf": 1, "entropy": 1, "fsat": 1, "gini": 0})


def test_the_ends_are_those_of_all_possible_lists():
    """Every way to give users of two items and one item lists out of four items; FSat's lower end too."""
    for lengths in ([2, 2], [2, 1], [2, 2, 2], [3, 2, 1], [1, 1, 1, 1, 1]):
        reachable = set()
        for lists in product(*(list(combinations(range(4), length)) for length in lengths)):
            reachable.add(tuple(sorted(sum(item in chosen for chosen in lists) for item in range(4))))
        values = [naive(exposures) for exposures in reachable]
        worst = naive(most_unfair_exposures(np.array(lengths), 4).tolist())
        best = naive(fairest_exposures(sum(lengths), 4).tolist())
        for name in MEASURES:
            ends = sorted([worst[name], best[name]])
            assert ends == pytest.approx([min(v[name] for v in values), max(v[name] for v in values)])


def test_agrees_with_the_papers_forms_on_random_lists(make_list):
    generator = np.random.default_rng(0)
    items = [chr(ord("a") + number) for number in range(20)]
    for n_users, k in ((3, 4), (30, 4), (13, 7)):
        lists = {f"u{user}": "".join(generator.permutation(items)[:k]) for user in range(n_users)}
        n, slots = 20, n_users * k
        exposures = [sum(item in chosen for chosen in lists.values()) for item in items]
        plain, (share, rest) = naive(exposures), divmod(slots, n)
        jain_best = slots**2 / (n * (rest * (share + 1) ** 2 + (n - rest) * share**2))
        gini_best = (n - rest) * rest / (n * slots)
        spread = [x / slots for x in [share] * (n - rest) + [share + 1] * rest if x]
        entropy_best = -sum(p * log(p) for p in spread)
        expected = {
            "jain": (plain["jain"] - k / n) / (jain_best - k / n),
            "qf": (plain["qf"] * n - k) / (min(n, slots) - k),
            "entropy": (plain["entropy"] - log(k)) / (entropy_best - log(k)),
            "fsat": (plain["fsat"] - k / n) / (1 - k / n) if share else float("nan"),
            "gini": (plain["gini"] - gini_best) / (1 - k / n - gini_best),
        }
        found = exposure_fairness(make_list(**lists), pl.Series("item_id", items), k)
        assert found == pytest.approx(expected, nan_ok=True)


def test_undefined_cases(make_list):
    def undefined(lists, k=2, catalogue=CATALOGUE):
        return [name for name, value in exposure_fairness(lists, catalogue, k).items() if isnan(value)]

    assert undefined(make_list()) == MEASURES
    assert undefined(make_list(u="xy")) == MEASURES
    assert undefined(make_list(u="ab"), catalogue=CATALOGUE.clear()) == MEASURES
    assert undefined(make_list(u="ab")) == MEASURES, "a single user"
    assert undefined(make_list(u="abcd", v="dcba"), k=9) == MEASURES, "k beyond the catalogue"
    assert undefined(make_list(u="a", v="b")) == ["fsat"], "fewer places than items"
    assert undefined(make_list(u="ab", v="ac")) == []


def test_items_beyond_the_catalogue_and_beyond_k_do_not_count(make_list):
    expected = exposure_fairness(make_list(u="ab", v="ac"), CATALOGUE, 2)
    longer = make_list(u="abd", v="acb")
    assert exposure_fairness(longer, pl.concat([CATALOGUE, CATALOGUE]), 2) == expected
    assert exposure_fairness(make_list(u="axb", v="ayc"), CATALOGUE, 3) == expected
