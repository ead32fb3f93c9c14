import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from models.evaluation.protocols import fixed_split, k_core, leave_one_out

FIRST = dt.date(2026, 3, 1)


def rows(*pairs: tuple[str, str, int]) -> pl.DataFrame:
    """Interactions of (user, item, day), in the order of their ids."""
    found = [
        (user, item, FIRST + dt.timedelta(days=day), dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(days=day))
        for user, item, day in pairs
    ]
    frame = pl.DataFrame(found, schema=["user_id", "item_id", "event_day", "event_at"], orient="row")
    return frame.with_columns(event_id=pl.int_range(pl.len()).cast(pl.Utf8).str.zfill(4))


def pairs(frame: pl.DataFrame) -> list[tuple[str, str]]:
    return frame.select("user_id", "item_id").rows()


def random_rows(n: int = 400, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return rows(*((f"u{random.integers(30)}", f"i{random.integers(40)}", int(random.integers(60))) for _ in range(n)))


def test_the_last_item_of_each_user_is_left_out():
    given = rows(("a", "x", 0), ("a", "y", 1), ("a", "x", 2), ("a", "z", 3), ("b", "x", 0), ("b", "y", 9))
    split = leave_one_out(given)
    assert pairs(split.test) == [("a", "z")]
    assert pairs(split.validation) == [("a", "y")], "x was seen before, so its second time is no item to find"
    assert sorted(pairs(split.train)) == [("a", "x"), ("b", "x"), ("b", "y")]
    assert split.leaks_future


def test_equal_times_are_ordered_by_id():
    given = rows(("a", "x", 0), ("a", "y", 0), ("a", "z", 0))
    for order in itertools.permutations(range(3)):
        split = leave_one_out(given[list(order)])
        assert (pairs(split.validation), pairs(split.test)) == ([("a", "y")], [("a", "z")])


def test_leave_one_out_agrees_with_a_loop():
    given = random_rows(seed=3)
    expected = {}
    for user, items in given.sort("event_at", "event_id").group_by("user_id"):
        once = list(dict.fromkeys(items.sort("event_at", "event_id")["item_id"]))
        if len(once) >= 3:
            expected[user[0]] = (once[-2], once[-1])
    split = leave_one_out(given)
    found = dict(pairs(split.test))
    assert {user: last for user, (_, last) in expected.items()} == found
    assert dict(pairs(split.validation)) == {user: before for user, (before, _) in expected.items()}
    parts = [split.train, split.validation, split.test]
    assert sum(len(part) for part in parts) == given.select("user_id", "item_id").n_unique()


def test_a_given_split_is_looked_at():
    train, test = rows(("a", "x", 0)), rows(("a", "y", 0))
    assert pairs(fixed_split(train, test).test) == [("a", "y")]
    with pytest.raises(ValueError, match="1 pairs are in both parts, e.g. user a and item x"):
        fixed_split(train, pl.concat([test, train]))
    with pytest.raises(ValueError, match="found 1 and 0"):
        fixed_split(train, test.clear())


def test_a_core_by_hand():
    square = [(user, item, 0) for user in "ab" for item in "xy"]
    given = rows(*square, ("c", "x", 1), ("c", "w", 1), ("d", "w", 1), ("a", "x", 2))
    assert pairs(k_core(given, 2)) == [*((user, item) for user, item, _ in square), ("a", "x")]
    assert pairs(k_core(given, 1)) == pairs(given)
    assert k_core(given, 3).is_empty(), "the same item twice is one item"
    with pytest.raises(ValueError, match="k is at least 1"):
        k_core(given, 0)


@pytest.mark.parametrize("k", [2, 4, 6])
def test_a_core_is_whole_and_the_largest(k):
    given = random_rows(seed=k)
    core = k_core(given, k)
    unique = core.select("user_id", "item_id").unique()
    assert core.is_empty() or min(unique[name].value_counts()["count"].min() for name in ("user_id", "item_id")) >= k
    left = set(given.select("user_id", "item_id").rows())
    while True:
        users, items = ({}, {})
        for user, item in left:
            users[user] = users.get(user, 0) + 1
            items[item] = items.get(item, 0) + 1
        kept = {(user, item) for user, item in left if users[user] >= k and items[item] >= k}
        if kept == left:
            break
        left = kept
    assert set(unique.rows()) == left
