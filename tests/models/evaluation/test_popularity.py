from math import isnan

import numpy as np
import polars as pl
import pytest

from models.evaluation.popularity import (
    Popularity,
    average_long_tail_items,
    average_popularity,
    expected_popularity_complement,
    popularity_lift,
    popularity_opportunity_gap,
)

CATALOGUE = pl.Series("item_id", list("abcde"))
PAST = pl.DataFrame({"user_id": list("uuvvwxx"), "item_id": list("aabacab")})
"""Users u, v, w, x; a has 3 takers, b 2, c 1, d and e none; the head of 20 % is a."""
POPULARITY = Popularity.of(PAST, CATALOGUE)


@pytest.fixture
def lists(make_list):
    return make_list(u="abz", v="c", new="ad")


def taken(*pairs):
    return pl.DataFrame(
        [tuple(pair) for pair in pairs], schema=dict.fromkeys(("user_id", "item_id"), pl.String), orient="row"
    )


def test_counts_and_the_long_tail():
    rows = POPULARITY.items.sort("item_id").rows()
    assert rows == [("a", 3, False), ("b", 2, True), ("c", 1, True), ("d", 0, True), ("e", 0, True)]
    assert (POPULARITY.n_users, len(POPULARITY.pairs)) == (4, 6)
    # 3 of 5 items are the head; of what was taken beyond the catalogue nothing is long tail.
    wide = Popularity.of(PAST, pl.Series("item_id", list("bcxyzz")), head=0.5)
    tail = dict(wide.items.select("item_id", "is_long_tail").iter_rows())
    assert tail == {"a": False, "b": False, "c": False, "x": False, "y": True, "z": True}
    with pytest.raises(ValueError, match="head"):
        Popularity.of(PAST, CATALOGUE, head=1)


def test_by_hand(lists):
    # Listed within 2: a, b; c; a, d, with 3, 2, 1, 3 and 0 of 4 users.
    assert expected_popularity_complement(lists, POPULARITY, 2) == pytest.approx(1 - (3 + 2 + 1 + 3 + 0) / 5 / 4)
    assert average_long_tail_items(lists, POPULARITY, 2) == pytest.approx((1 + 1 + 1) / 3)
    assert average_popularity(lists, POPULARITY, 2) == pytest.approx((5 / 2 + 1 + 3 / 2) / 3)
    # u took a, v a and b; the user `new` has no past, w and x no list.
    assert popularity_lift(lists, POPULARITY, 2) == pytest.approx((5 / 2 + 1) / (3 + 5 / 2) - 1)
    # An item nobody knows is taken by none and is no long tail.
    assert average_long_tail_items(lists, POPULARITY, 9) == pytest.approx(3 / 3)
    assert average_popularity(lists, POPULARITY, 9) == pytest.approx((5 / 3 + 1 + 3 / 2) / 3)


def test_opportunity_gap_by_hand(lists):
    # Head: (u, a) listed, (v, a) not: 1/2. Tail: (v, c) listed, (u, d), (w, e) not: 1/3. Unknown q does not count.
    truth = taken("ua", "va", "vc", "vc", "ud", "we", "uq")
    expected = (1 / 2 - 1 / 3) / 2 / ((1 / 2 + 1 / 3) / 2)
    assert popularity_opportunity_gap(lists, truth, POPULARITY, 2) == pytest.approx(expected)
    assert popularity_opportunity_gap(lists, taken("ua", "ud"), POPULARITY, 2) == 1
    assert popularity_opportunity_gap(lists, taken("ua", "vc"), POPULARITY, 2) == 0
    assert isnan(popularity_opportunity_gap(lists, taken("ua"), POPULARITY, 2)), "no relevant item of the tail"
    assert isnan(popularity_opportunity_gap(lists, taken("va", "ud"), POPULARITY, 2)), "nothing relevant is listed"
    assert isnan(popularity_opportunity_gap(lists, taken(), POPULARITY, 2))


def test_agree_with_loops_on_random_lists(make_list):
    generator = np.random.default_rng(4)
    items = list("abcdefghijklmnop")
    past = {f"u{user}": set(generator.choice(items, size=generator.integers(0, 8))) for user in range(30)}
    lists = {f"u{user}": "".join(generator.permutation(items)[: generator.integers(1, 7)]) for user in range(5, 40)}
    relevant = {f"u{user}": set(generator.choice(items, size=3)) for user in range(20)}
    frames = [
        pl.DataFrame([(u, i) for u, chosen in rows.items() for i in sorted(chosen)], schema=PAST.schema, orient="row")
        for rows in (past, relevant)
    ]
    count = {item: sum(item in taken_ for taken_ in past.values()) for item in items}
    head = sorted(items, key=lambda item: (-count[item], item))[:4]
    popularity = Popularity.of(frames[0], pl.Series("item_id", items))
    k = 4
    shown = {user: chosen[:k] for user, chosen in lists.items()}
    n_past = sum(bool(chosen) for chosen in past.values())
    flat = [count[item] for chosen in shown.values() for item in chosen]
    found = make_list(**lists)
    assert expected_popularity_complement(found, popularity, k) == pytest.approx(1 - np.mean(flat) / n_past)
    tail = [sum(item not in head for item in chosen) for chosen in shown.values()]
    assert average_long_tail_items(found, popularity, k) == pytest.approx(np.mean(tail))
    means = {user: np.mean([count[item] for item in chosen]) for user, chosen in shown.items()}
    assert average_popularity(found, popularity, k) == pytest.approx(np.mean(list(means.values())))
    both = [user for user in shown if past.get(user)]
    before = np.mean([np.mean([count[item] for item in past[user]]) for user in both])
    after = np.mean([means[user] for user in both])
    assert popularity_lift(found, popularity, k) == pytest.approx((after - before) / before)
    chances = []
    for in_head in (True, False):
        pairs = [(user, item) for user, chosen in relevant.items() for item in chosen if (item in head) == in_head]
        chances.append(np.mean([item in shown.get(user, "") for user, item in pairs]))
    expected = np.std(chances) / np.mean(chances)
    assert popularity_opportunity_gap(found, frames[1], popularity, k) == pytest.approx(expected)


def test_without_lists_or_a_past_there_is_no_value(lists):
    for metric in (expected_popularity_complement, average_long_tail_items, average_popularity, popularity_lift):
        assert isnan(metric(lists.clear(), POPULARITY, 2))
    nothing = Popularity.of(PAST.clear(), CATALOGUE)
    assert isnan(expected_popularity_complement(lists, nothing, 2))
    assert isnan(popularity_lift(lists, nothing, 2))
