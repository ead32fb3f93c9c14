import numpy as np
import pytest

from models.ann.config import AnnIndexConfig
from models.ann.recall import ExactAnswers, measured_recall


class StubIndex:
    """Answers with what it was given."""

    config = AnnIndexConfig()

    def __init__(self, found):
        self.found = np.asarray(found, dtype=np.int32)

    def search(self, queries, k):
        return self.found[:, :k], None


VECTORS = np.array([[4.0], [3.0], [2.0], [2.0], [1.0]], dtype=np.float32)


def test_recall_hand_worked():
    query = np.ones((1, 1), dtype=np.float32)
    for found, expected in [([0, 1, 2], 1), ([0, 1, 3], 1), ([0, 4, -1], 1 / 3), ([4, -1, -1], 0)]:
        assert measured_recall(StubIndex([found]), VECTORS, query, 3) == pytest.approx(expected)
    assert measured_recall(StubIndex([[4, 3, 2, 1, 0]]), VECTORS, query, 10) == 1
    with pytest.raises(ValueError, match="at least one query"):
        measured_recall(StubIndex([[0]]), VECTORS, query[:0], 3)


def test_recall_of_each_query():
    queries = np.array([[1.0], [-1.0]], dtype=np.float32)
    found = np.array([[0, 1], [0, 4]])
    assert ExactAnswers(VECTORS, queries, 2).recalls(found).tolist() == [1.0, 0.5]


def test_under_cosine_all_of_these_are_equal():
    query = np.array([[5.0]], dtype=np.float32)
    assert ExactAnswers(VECTORS, query, 2, "cosine").recalls(np.array([[3, 4]])).tolist() == [1.0]
    assert ExactAnswers(VECTORS, query, 2).recalls(np.array([[3, 4]])).tolist() == [0.0]


def test_what_rounding_cannot_tell_apart_counts_and_what_it_can_does_not():
    query = np.ones((1, 1), dtype=np.float32)
    for difference, expected in ((2e-7, 1.0), (1e-4, 0.0)):
        vectors = np.array([[1.0], [1.0 - difference]], dtype=np.float32)
        assert ExactAnswers(vectors, query, 1).recalls(np.array([[1]])).tolist() == [expected]
