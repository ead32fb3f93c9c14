import numpy as np
import pytest

from models.profiles.quality.usefulness import ndcg_by_user, nearest_items, usefulness

NONE = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def test_lists_are_those_of_a_sort_by_cosine_without_what_was_seen():
    draws = np.random.default_rng(0)
    users, items = draws.normal(size=(700, 8)), draws.normal(size=(50, 8))
    seen = (draws.integers(700, size=3000), draws.integers(50, size=3000))
    lists, scores = nearest_items(users, items, seen, 5)
    cosines = (users @ items.T).astype(np.float32)
    cosines[seen] = -np.inf
    assert (lists == np.argsort(-cosines, axis=1, kind="stable")[:, :5]).all()
    assert (np.diff(scores, axis=1) <= 0).all()


def test_a_list_ends_where_everything_was_seen():
    lists, _ = nearest_items(np.ones((1, 2)), np.ones((3, 2)), (np.array([0, 0]), np.array([0, 2])), 3)
    assert lists.tolist() == [[1, -1, -1]]


def test_ndcg_by_hand():
    """The only item at rank 2 is worth 1 / log2(3); one who found nothing counts 0."""
    found = ndcg_by_user(np.array([[4, 7], [1, 2]]), (np.array([0, 1]), np.array([7, 9])), 2)
    assert found.tolist() == pytest.approx([1 / np.log2(3), 0.0])


def test_the_gain_is_by_user():
    profiles, titles, gain = usefulness(np.array([1.0, 0.5, 0.0]), np.array([0.5, 0.0, 0.0]))
    assert (profiles.value, titles.value, gain.value) == pytest.approx((0.5, 1 / 6, 1 / 3))
    assert gain.ci_low >= 0 and gain.metric == "usefulness_gain"
