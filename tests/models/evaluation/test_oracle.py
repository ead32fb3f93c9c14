import numpy as np
import polars as pl
import pytest

from models.evaluation.oracle import oracle_lists, oracle_share

NOTHING = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})


def test_share():
    assert oracle_share(0.1, 0.4) == 0.25
    with pytest.raises(ValueError, match="above 0"):
        oracle_share(0.1, 0.0)
    with pytest.raises(ValueError, match="above 0"):
        oracle_share(0.1, float("nan"))


def test_best_first_without_the_seen_ties_by_id():
    scores = np.array([[1.0, 3.0, 3.0, 2.0], [0.0, 0.0, 0.0, 5.0]])
    seen = pl.DataFrame({"user_id": ["u", "v", "else"], "item_id": ["a", "d", "c"]})
    found = oracle_lists(scores, ["u", "v"], ["d", "c", "b", "a"], seen, 2)
    assert found.rows() == [("u", 1, "b", 3.0), ("u", 2, "c", 3.0), ("v", 1, "a", 5.0), ("v", 2, "b", 0.0)]
    assert found.schema["rank"] == pl.Int32


def test_only_available_items_and_shorter_lists():
    available = np.array([True, False])
    found = oracle_lists(np.array([[1.0, 2.0]]), ["u"], ["a", "b"], NOTHING, 5, available)
    assert found.rows() == [("u", 1, "a", 1.0)]


def test_agrees_with_a_plain_sort_in_blocks_of_any_size():
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 6, size=(23, 15)).astype(float)
    users, items = [f"u{row:02d}" for row in range(23)], [f"i{column:02d}" for column in range(15)]
    seen = pl.DataFrame(
        [(users[row], items[(3 * row) % 15]) for row in range(23)], schema=["user_id", "item_id"], orient="row"
    )
    pairs = set(seen.iter_rows())
    expected = []
    for row, user in enumerate(users):
        left = [(-scores[row, column], item) for column, item in enumerate(items) if (user, item) not in pairs]
        expected += [(user, place, item, -score) for place, (score, item) in enumerate(sorted(left)[:4], 1)]
    for block_size in (1, 5, 100):
        assert oracle_lists(scores, users, items, seen, 4, block_size=block_size).rows() == expected
    assert oracle_lists(lambda start, stop: scores[start:stop], users, items, seen, 4, block_size=7).rows() == expected


def test_the_given_scores_are_left_as_they_are_and_nobody_is_fine():
    scores = np.ones((1, 2))
    oracle_lists(scores, ["u"], ["a", "b"], pl.DataFrame({"user_id": ["u"], "item_id": ["a"]}), 2)
    assert np.array_equal(scores, np.ones((1, 2)))
    assert oracle_lists(np.empty((0, 2)), [], ["a", "b"], NOTHING, 2).is_empty()
