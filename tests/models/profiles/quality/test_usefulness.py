import numpy as np
import pytest

from models.profiles.quality.usefulness import ndcg_by_user, nearest_items, usefulness

NONE = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_lists_are_those_of_a_sort_by_cosine_to_the_mean_without_what_was_seen():
    draws = np.random.default_rng(0)
    users, items = draws.normal(size=(700, 8)) + 1, draws.normal(size=(50, 8)) + 1
    seen = (draws.integers(700, size=3000), draws.integers(50, size=3000))
    lists, scores = nearest_items(users, items, seen, 5)
    cosines = (unit(users - items.mean(axis=0)) @ unit(items - items.mean(axis=0)).T).astype(np.float32)
    cosines[seen] = -np.inf
    assert (lists == np.argsort(-cosines, axis=1, kind="stable")[:, :5]).all()
    assert (np.diff(scores, axis=1) <= 0).all()


def test_what_all_items_have_in_common_does_not_count():
    draws = np.random.default_rng(1)
    users, items, common = draws.normal(size=(40, 4)), draws.normal(size=(20, 4)), np.array([30.0, 0, 0, 0])
    (lists, scores), (same, near) = (
        nearest_items(users + more, items + more, NONE, 3) for more in (0 * common, common)
    )
    assert (lists == same).all() and near == pytest.approx(scores, abs=1e-5)


def test_an_item_that_is_the_mean_scores_nothing():
    lists, scores = nearest_items(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0], [-1.0, -1.0]]), NONE, 3)
    assert lists.tolist() == [[0, 1, 2]] and scores[0, 1] == 0


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
