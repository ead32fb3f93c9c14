from dataclasses import replace

import numpy as np
import pytest

from models.retrieval.contract import Retriever
from models.retrieval.popularity import Popularity, PopularityConfig
from models.retrieval.recommend import recommend, seen_items
from models.retrieval.taken_back import TakenBack
from models.training.validation import Validation


class FixedScores(Retriever):
    """Returns the rows it was given."""

    name = "fixed"
    Config = PopularityConfig

    def __init__(self, rows):
        super().__init__(PopularityConfig())
        self.rows = np.asarray(rows, dtype=np.float32)
        self.rows.flags.writeable = False
        self.largest_block = 0

    def fit(self, *args, **kwargs): ...

    def save(self, folder): ...

    @classmethod
    def load(cls, folder): ...

    def scores(self, histories, users):
        self.largest_block = max(self.largest_block, len(users))
        return self.rows[users]


@pytest.fixture
def histories(interactions):
    return interactions([[1], [], [0, 3, 3], [0, 1, 2, 3]], n_items=4)


@pytest.fixture
def fixed():
    return FixedScores([[1, 9, 3, 3], [0, 0, 0, 0], [4, 3, 2, 1], [1, 1, 1, 1]])


def test_seen_items_are_removed_and_ties_go_to_the_lower_item(fixed, histories):
    items, scores = recommend(fixed, histories, np.arange(4), k=2)
    assert items.tolist() == [[2, 3], [0, 1], [1, 2], [-1, -1]]
    assert scores.tolist() == [[3, 3], [0, 0], [3, 2], [-np.inf, -np.inf]]
    assert (items.dtype, scores.dtype) == (np.int32, np.float32)


def test_disallowed_items_are_removed(fixed, histories):
    items, _ = recommend(fixed, histories, np.arange(4), k=2, allowed=np.array([True, True, False, True]))
    assert items.tolist() == [[3, 0], [0, 1], [1, -1], [-1, -1]]


@pytest.mark.parametrize("block_size", [1, 3, 100])
def test_block_size_bounds_memory_and_changes_nothing(fixed, histories, block_size):
    users = np.array([3, 2, 0, 1, 2])
    calls = []
    items, scores = recommend(
        fixed, histories, users, k=3, block_size=block_size, progress=lambda *call: calls.append(call)
    )
    expected = recommend(fixed, histories, users, k=3)
    np.testing.assert_array_equal(items, expected[0])
    np.testing.assert_array_equal(scores, expected[1])
    assert fixed.largest_block == 5
    assert calls[-1] == ("recommend fixed", 5, 5)
    bounded = FixedScores(fixed.rows)
    recommend(bounded, histories, users, k=3, block_size=block_size)
    assert bounded.largest_block == min(block_size, 5)


def test_scores_that_are_not_finite_are_refused(histories):
    with pytest.raises(ValueError, match="fixed returned scores that are not finite"):
        recommend(FixedScores([[np.nan, 0, 0, 0]]), histories, np.array([0]), k=1)


@pytest.mark.parametrize("allowed", [np.ones(3, dtype=bool), np.ones(4)])
def test_wrong_mask_is_refused(fixed, histories, allowed):
    with pytest.raises(ValueError, match="allowed must be bool"):
        recommend(fixed, histories, np.array([0]), k=1, allowed=allowed)


def test_seen_items_of_users_in_any_order(histories):
    rows, items = seen_items(histories, np.array([2, 1, 0, 2]))
    assert list(zip(rows.tolist(), items.tolist(), strict=True)) == [
        (0, 0),
        (0, 3),
        (0, 3),
        (2, 1),
        (3, 0),
        (3, 3),
        (3, 3),
    ]


@pytest.fixture
def with_returns(histories):
    """User 0 has given item 2 back, user 3 items 0 and 1."""
    taken = TakenBack(np.array([0, 3, 3], np.int32), np.array([2, 0, 1], np.int32), np.zeros(3, np.int64))
    return replace(histories, taken_back=taken)


def test_what_was_taken_back_is_seen(fixed, with_returns):
    rows, items = seen_items(with_returns, np.array([3, 1, 0, 0]))
    seen = sorted(zip(rows.tolist(), items.tolist(), strict=True))
    assert seen == [(0, 0), (0, 0), (0, 1), (0, 1), (0, 2), (0, 3), (2, 1), (2, 2), (3, 1), (3, 2)]
    items, _ = recommend(fixed, with_returns, np.array([0]), k=2)
    assert items.tolist() == [[3, 0]]


def test_what_was_taken_back_is_no_truth_of_validation(interactions):
    train = replace(
        interactions([[0], [0]], 4),
        taken_back=TakenBack(np.array([0], np.int32), np.array([1], np.int32), np.zeros(1, np.int64)),
    )
    later = replace(
        interactions([[1, 2], [1]], 4),
        taken_back=TakenBack(np.array([1], np.int32), np.array([3], np.int32), np.zeros(1, np.int64)),
    )
    assert Validation(train, later).relevant.tolist() == [2, 5]


def test_no_users(interactions):
    train = interactions([[0]], 2)
    retriever = Popularity(PopularityConfig())
    retriever.fit(train)
    assert recommend(retriever, train, np.zeros(0, dtype=int), k=3)[0].shape == (0, 3)
