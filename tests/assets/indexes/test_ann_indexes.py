"""The checks of an index, on indexes that are wrong."""

import numpy as np
import pytest

from assets.indexes.ann_indexes import check_known, check_recall, sample_users, worst_served
from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.ann.effort import FoundIndex


class Answers:
    """Holds two vectors and answers with what it was given."""

    n_vectors = 2

    def __init__(self, *answers):
        self.answers = np.array([answers])

    def search(self, queries, k):
        return self.answers, None


@pytest.mark.parametrize(("answers", "n_items", "passed"), [((0, 1), 2, True), ((1, -1), 2, True), ((0, 1), 3, False)])
def test_an_index_holds_every_item_once(answers, n_items, passed):
    assert check_known("known", Answers(*answers), np.zeros((1, 4)), 2, n_items).passed == passed


def test_unknown_positions_are_named():
    result = check_known("known", Answers(1, 7, 2, -2), np.zeros((1, 4)), 4, 2)
    assert not result.passed and result.metadata["unknown_positions"].value == [-2, 2, 7]


def test_a_recall_below_what_is_wanted_fails_and_says_what_to_do():
    result = check_recall("recall", 0.94, 0.95, 10, "ann, ben")
    assert not result.passed and "sluice index tune" in result.metadata["remedy"].value
    assert result.metadata["worst_served"].value == "ann, ben"
    assert check_recall("recall", 0.95, 0.95, 10).passed


def test_users_whose_best_items_are_missed_are_named_worst_first():
    """One cluster of two is visited, and the second user's best items lie in both."""
    vectors = np.array([[10, 0], [9, 0], [0, 10], [0, 9]], dtype=np.float32)
    queries = np.array([[1, 0], [1, 0.99], [1, 0.1]], dtype=np.float32)
    config = AnnIndexConfig(kind="ivf_flat", ivf_clusters=2, ivf_probes=1)
    found = FoundIndex(build_index(vectors, config), 0.5, [])
    users = np.array(["ann", "ben", "cas"], dtype=object)
    assert worst_served(found, vectors, queries, 2, users) == "ben"
    assert worst_served(found, vectors, queries, 3, users) == "ann, ben, cas"


def test_sampled_users_are_spread_and_the_same_every_time():
    assert sample_users(5).tolist() == [0, 1, 2, 3, 4]
    users = sample_users(10_001, 11)
    assert users.tolist() == list(range(0, 10_001, 1_000))
