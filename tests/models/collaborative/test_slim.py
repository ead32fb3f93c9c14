import numpy as np
import pytest
from scipy.optimize import minimize

from models.collaborative import slim
from models.collaborative.slim import Slim, SlimConfig


def fitted(histories, **settings):
    model = Slim(SlimConfig(**{"l1": 0.5, "l2": 2.0, "max_sweeps": 500, **settings}))
    model.fit(histories)
    return model


def minimum(matrix, item, l1, l2):
    """The regression of one item by a general solver with bounds."""
    others = np.delete(np.arange(matrix.shape[1]), item)

    def objective(weights):
        error = matrix[:, others] @ weights - matrix[:, item]
        value = 0.5 * error @ error + 0.5 * l2 * weights @ weights + l1 * weights.sum()
        return value, matrix[:, others].T @ error + l2 * weights + l1

    found = minimize(objective, np.zeros(len(others)), jac=True, bounds=[(0, None)] * len(others), tol=1e-14)
    weights = np.zeros(matrix.shape[1])
    weights[others] = found.x
    return weights


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 2.0), (0.0, 5.0), (4.0, 0.5)])
def test_every_column_is_the_minimum(two_tastes, dense, l1, l2):
    found = fitted(two_tastes, l1=l1, l2=l2).weights.toarray()
    expected = np.stack([minimum(dense(two_tastes), item, l1, l2) for item in range(21)], axis=1)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_hand_worked_pair(interactions):
    """Two items always together in 3 histories: (3 - l1) / (3 + l2) both ways."""
    train = interactions([[0, 1], [1, 0], [0, 1, 1]], n_items=3)
    found = fitted(train, l1=1.0, l2=1.0).scores(interactions([[0]], n_items=3), np.array([0]))
    np.testing.assert_allclose(found, [[0, 2 / 4, 0]], atol=1e-6)


def test_two_tastes_are_separated(two_tastes, separates):
    assert separates(fitted(two_tastes, l1=0.0), two_tastes)


def test_a_higher_l1_leaves_fewer_weights_and_a_higher_l2_smaller_ones(two_tastes):
    base = fitted(two_tastes).weights
    assert fitted(two_tastes, l1=10.0).weights.nnz < base.nnz
    assert fitted(two_tastes, l2=50.0).weights.max() < base.max()


def test_candidates_bound_the_weights_of_a_column(two_tastes):
    for n_candidates in (1, 4):
        weights = fitted(two_tastes, l1=0.0, n_candidates=n_candidates).weights
        assert np.bincount(weights.nonzero()[1]).max() == n_candidates


def test_more_sweeps_come_nearer(two_tastes):
    exact = fitted(two_tastes).weights.toarray()
    errors = [np.abs(fitted(two_tastes, max_sweeps=n).weights.toarray() - exact).max() for n in (1, 3)]
    assert errors[0] > errors[1] > 0


def test_blocks_change_nothing(two_tastes, monkeypatch):
    whole = fitted(two_tastes).weights.toarray()
    monkeypatch.setattr(slim, "BLOCK_ITEMS", 4)
    np.testing.assert_allclose(fitted(two_tastes).weights.toarray(), whole, atol=1e-4)


def test_because_of_is_the_largest_weight(two_tastes):
    model = fitted(two_tastes, l1=0.0)
    weights, history, items = model.weights.toarray(), np.array([1, 4, 11, 13, 17]), np.array([2, 15, 20])
    expected = [history[weights[history, item].argmax()] for item in items[:2]]
    assert weights[history][:, items[:2]].max(axis=0).min() > 0
    assert model.because_of(history, items).tolist() == [*expected, -1]


def test_odd_data_give_finite_scores(degenerate):
    for what, histories in degenerate.items():
        assert np.isfinite(fitted(histories).scores(histories, np.arange(histories.n_users))).all(), what
