import numpy as np
import polars as pl
import pytest

from models.evaluation import hits
from models.evaluation.hits import find_hits


def frame(rows, **types):
    schema = {"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String} | types
    return pl.DataFrame(rows, schema=schema, orient="row")


LISTS = frame([("v", 2, "b"), ("u", 1, "a"), ("v", 1, "x"), ("u", 3, "c"), ("w", 1, "a"), ("v", 9, "d")])
TRUTH = pl.DataFrame(
    [("u", "c"), ("u", "a"), ("v", "d"), ("v", "b"), ("t", "a"), ("u", "a")],
    schema=["user_id", "item_id"],
    orient="row",
)


def test_by_hand():
    found = find_hits(LISTS, TRUTH)
    assert found.users.to_list() == ["t", "u", "v"]
    assert found.n_relevant.tolist() == [1, 2, 2]
    assert list(zip(found.user.tolist(), found.rank.tolist(), strict=True)) == [(1, 1), (1, 3), (2, 2), (2, 9)]
    assert found.place().tolist() == [1, 2, 1, 2]
    assert find_hits(LISTS, TRUTH, 2).rank.tolist() == [1, 2]


def test_pairs_whose_hashes_collide_are_told_apart(monkeypatch):
    def collide(given, column):
        return pl.Series("key", np.zeros(len(given), dtype=np.uint64))

    expected = find_hits(LISTS, TRUTH)
    monkeypatch.setattr(hits, "_keys", collide)
    found = find_hits(LISTS, TRUTH)
    assert found.rank.tolist() == expected.rank.tolist()
    assert found.n_relevant.tolist() == expected.n_relevant.tolist()


def test_what_lies_beyond_the_depth_is_not_looked_at():
    repeated = pl.concat([LISTS, frame([("u", 7, "a")])])
    assert find_hits(repeated, TRUTH, 5).rank.tolist() == [1, 3, 2]
    with pytest.raises(ValueError, match="same item_id twice"):
        find_hits(repeated, TRUTH)


@pytest.mark.parametrize("block_rows", [1, 2, 3, 5, 100])
def test_an_item_twice_is_found_whatever_the_blocks(monkeypatch, block_rows):
    monkeypatch.setattr(hits, "_BLOCK_ROWS", block_rows)
    lists = {"u": "abc", "v": "b", "w": "cabd", "x": "ab"}
    rows = [(user, rank, item) for user, items in lists.items() for rank, item in enumerate(items, 1)]
    assert len(find_hits(frame(rows), TRUTH).rank) == 3
    for user, items in lists.items():
        repeated = [*rows, (user, 9, items[0])]
        for order in (repeated, sorted(repeated)):
            with pytest.raises(ValueError, match="same item_id twice"):
                find_hits(frame(order), TRUTH)


@pytest.mark.parametrize("rows", [[("u", 1, "a"), ("v", 1, "a"), ("u", 1, "b")], [("u", 1, "a"), ("u", 1, "b")]])
def test_a_rank_twice_is_found_in_any_order(rows):
    with pytest.raises(ValueError, match="same rank twice"):
        find_hits(frame(rows), TRUTH)


def test_ids_of_different_types_are_refused():
    numbers = frame([(1, 1, "a")], user_id=pl.Int64)
    with pytest.raises(ValueError, match="user_id is Int64 in the lists and String in the truth"):
        find_hits(numbers, TRUTH)


def test_agrees_with_a_plain_join():
    generator = np.random.default_rng(0)
    lists = frame(
        [
            (f"u{user}", rank, f"i{item}")
            for user in range(50)
            for rank, item in enumerate(generator.permutation(40)[:12], 1)
        ]
    ).sample(fraction=1, shuffle=True, seed=0)
    truth = pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in generator.integers(60, size=400)],
            "item_id": [f"i{item}" for item in generator.integers(40, size=400)],
        }
    )
    plain = lists.join(truth.unique(), on=["user_id", "item_id"]).sort("user_id", "rank")
    found = find_hits(lists, truth)
    assert found.users.gather(found.user).to_list() == plain["user_id"].to_list()
    assert found.rank.tolist() == plain["rank"].to_list()
