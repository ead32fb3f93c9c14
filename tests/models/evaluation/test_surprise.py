from math import isnan

import numpy as np
import polars as pl
import pytest

from models.evaluation.surprise import repeat_rate, serendipity


def pairs(*rows):
    return pl.DataFrame(
        [tuple(row) for row in rows], schema=dict.fromkeys(("user_id", "item_id"), pl.String), orient="row"
    )


def test_serendipity_by_hand(make_list):
    popular = make_list(u="axb", v="yab")
    lists = make_list(u="abc", v="ab", stranger="a")
    truth = pairs("ua", "ub", "uc", "vb", "va", "wa", "ub")
    # Within 2: u's a is popular, b (third there) is not; v's b is not, a is. w has no list and counts 0.
    assert serendipity(lists, truth, popular, 2) == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert serendipity(lists, truth, popular.clear(), 2) == pytest.approx((2 / 2 + 2 / 2 + 0) / 3)
    assert serendipity(popular, truth, popular, 2) == 0
    # Shorter than k: filled with misses.
    assert serendipity(lists, pairs("vb"), popular.clear(), 10) == pytest.approx(1 / 10)
    assert isnan(serendipity(lists, truth.clear(), popular, 2))
    assert serendipity(lists.clear(), truth, popular, 2) == 0


def test_repeat_rate_by_hand(make_list):
    lists = make_list(u="abc", v="a")
    assert repeat_rate(lists, pairs("ua", "ua", "uc", "vb", "wa"), 3) == pytest.approx(2 / 4)
    assert repeat_rate(lists, pairs("ua", "uc"), 2) == pytest.approx(1 / 3)
    assert repeat_rate(lists, pairs(), 2) == 0
    assert isnan(repeat_rate(lists.clear(), pairs("ua"), 2))


def test_agree_with_loops(make_list):
    generator = np.random.default_rng(3)
    items = list("abcdefghij")

    def draw(n, low):
        return {f"u{user}": "".join(generator.permutation(items)[: generator.integers(low, 8)]) for user in range(n)}

    lists, popular, truth = draw(30, 1), draw(25, 1), draw(35, 1)
    frame = pairs(*((user, item) for user, chosen in truth.items() for item in chosen))
    k = 4
    shares = [
        sum(item in truth[user] and item not in popular.get(user, "")[:k] for item in lists.get(user, "")[:k]) / k
        for user in truth
    ]
    assert serendipity(make_list(**lists), frame, make_list(**popular), k) == pytest.approx(np.mean(shares))
    repeated = [item in truth[user] for user, chosen in lists.items() for item in chosen[:k]]
    assert repeat_rate(make_list(**lists), frame, k) == pytest.approx(np.mean(repeated))
