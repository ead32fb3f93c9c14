import numpy as np
import pytest

from models.retrieval.ease import Ease, EaseConfig, fewest_users


def dense(histories):
    matrix = np.zeros((histories.n_users, histories.n_items))
    for user in range(histories.n_users):
        matrix[user, histories.history(user)] = 1
    return matrix


def ridge_weights(matrix, l2):
    """One ridge regression per item: its column from all other columns."""
    n_items = matrix.shape[1]
    weights = np.zeros((n_items, n_items))
    for item in range(n_items):
        others = np.delete(np.arange(n_items), item)
        features = matrix[:, others]
        gram = features.T @ features + l2 * np.eye(n_items - 1)
        weights[others, item] = np.linalg.solve(gram, features.T @ matrix[:, item])
    return weights


@pytest.mark.parametrize("l2", [0.5, 20.0])
def test_equals_one_ridge_regression_per_item(planted, l2):
    histories, _ = planted
    ease = Ease(EaseConfig(l2=l2))
    ease.fit(histories)
    users = np.arange(histories.n_users)
    expected = dense(histories) @ ridge_weights(dense(histories), l2)
    np.testing.assert_allclose(ease.scores(histories, users), expected, atol=1e-5)


def test_hand_worked_pair(interactions):
    """Two items always together in 3 histories: B = 3 / (3 + l2) both ways."""
    train = interactions([[0, 1], [1, 0], [0, 1, 1]], n_items=3)
    ease = Ease(EaseConfig(l2=1.0))
    ease.fit(train)
    only_first = interactions([[0, 0]], n_items=3)
    np.testing.assert_allclose(ease.scores(only_first, np.array([0])), [[0, 3 / 4, 0]], atol=1e-7)


def test_items_of_fewer_users_stay_out(interactions):
    train = interactions([[0, 1, 2], [0, 1], [0, 1, 1]], n_items=3)
    for min_users, kept in [(1, [0, 1, 2]), (2, [0, 1]), (4, [])]:
        ease = Ease(EaseConfig(l2=1.0, min_users=min_users))
        ease.fit(train)
        assert ease.kept.tolist() == kept
        assert np.isfinite(ease.scores(train, np.arange(3))).all()


def test_of_too_many_items_the_rarest_stay_out_and_it_says_so(interactions):
    """Users of the items 0 to 3: 3, 2, 2, 1. Items of as few users go together, so that no order of ids decides."""
    train = interactions([[0, 1, 2], [0, 1, 3], [0, 2]], n_items=5_000)
    for max_items, kept, least in [(4, [0, 1, 2, 3], None), (3, [0, 1, 2], 2), (2, [0], 3), (1, [0], 3)]:
        ease = Ease(EaseConfig(max_items=max_items))
        notes = ease.fit(train).notes
        assert ease.kept.tolist() == kept
        assert notes == ({"least_users_of_an_item": least, "n_items_left_out": 4 - len(kept)} if least else {})
        assert np.isfinite(ease.scores(train, np.arange(3))).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_fewest_users_by_trying(seed):
    random = np.random.default_rng(seed)
    users = random.integers(0, 9, 60)
    for at_least, max_items in [(1, 60), (1, 10), (3, 10), (2, 1), (1, 35)]:
        tried = next(n for n in range(at_least, 99) if (users >= n).sum() <= max_items)
        assert fewest_users(users, at_least, max_items) == tried


def test_because_of_is_the_largest_weight(planted):
    histories, _ = planted
    ease = Ease(EaseConfig(l2=10.0))
    ease.fit(histories)
    weights = ridge_weights(dense(histories), 10.0)
    history = np.array([2, 5, 30])
    items = np.array([3, 6, 31])
    expected = [history[weights[history, item].argmax()] for item in items]
    assert ease.because_of(history, items).tolist() == expected
    assert ease.because_of(history, np.array([40])).tolist() == [-1]
    assert ease.because_of(np.array([40]), items).tolist() == [-1, -1, -1]


def test_negative_weights_explain_nothing(interactions):
    train = interactions([[0, 1], [0, 1], [2, 1], [2, 1], [0], [2]], n_items=3)
    ease = Ease(EaseConfig(l2=0.1))
    ease.fit(train)
    assert ease.scores(interactions([[0]], 3), np.array([0]))[0, 2] < 0
    assert ease.because_of(np.array([0]), np.array([2])).tolist() == [-1]
