import numpy as np
import pytest

from models.collaborative import graph_filter
from models.collaborative.graph_filter import GraphFilter, GraphFilterConfig, filter_terms


def fitted(histories, **settings):
    model = GraphFilter(GraphFilterConfig(**{"n_factors": 4, "n_svd_iterations": 20, **settings}))
    model.fit(histories)
    return model


def euler(change, start, duration, n_steps):
    state, step = start, duration / n_steps
    for _ in range(n_steps):
        state = state + step * change(state)
    return state


def runge_kutta(change, start, duration, n_steps):
    state, h = start, duration / n_steps
    for _ in range(n_steps):
        k1 = change(state)
        k2 = change(state + h / 2 * k1)
        k3 = change(state + h / 2 * k2)
        k4 = change(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def naive(matrix, config):
    """The papers' processes step by step, with dense matrices of items x items."""
    degrees, lengths = matrix.sum(axis=0), matrix.sum(axis=1, keepdims=True)
    inverse = np.where(degrees > 0, np.maximum(degrees, 1) ** -0.5, 0)
    graph = np.where(lengths > 0, np.maximum(lengths, 1) ** -config.user_exponent, 0) * matrix * inverse
    _, values, right = np.linalg.svd(graph)
    similarity = graph.T @ graph / values[0] ** 2
    vectors = right[: config.n_factors].T
    low_pass = config.low_pass_weight * (matrix * inverse) @ vectors @ vectors.T * np.sqrt(degrees)
    if config.form == "gf_cf":
        return matrix @ similarity + low_pass
    blurred = euler(lambda b: b @ similarity - b, matrix, config.blur_time, config.n_blur_steps)
    solver = euler if config.sharpen_order == 1 else runge_kutta
    early = config.form == "bspm_early"
    start = blurred + low_pass if early else blurred
    sharpened = solver(lambda s: -s @ similarity, start, config.sharpen_time, config.n_sharpen_steps)
    scale = np.where(degrees > 0, np.maximum(degrees, 1) ** config.popularity_exponent, 0)
    return (sharpened if early else sharpened + low_pass) * scale


@pytest.mark.parametrize(
    "settings",
    [
        {"form": "gf_cf", "low_pass_weight": 0.3},
        {"form": "bspm_early"},
        {"form": "bspm_late"},
        {"blur_time": 2.0, "n_blur_steps": 3},
        {"sharpen_order": 1, "sharpen_time": 1.0},
        {"n_sharpen_steps": 2},
        {"form": "bspm_late", "n_sharpen_steps": 2, "sharpen_order": 1, "n_blur_steps": 2},
        {"sharpen_time": 0},
        {"popularity_exponent": -0.25},
        {"user_exponent": 0.3},
        {"n_factors": 2, "low_pass_weight": 1.0},
    ],
)
def test_agrees_with_the_processes_written_out(two_tastes, dense, settings):
    model = fitted(two_tastes, **settings)
    expected = naive(dense(two_tastes), model.config)
    found = model.scores(two_tastes, np.arange(two_tastes.n_users))
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4)


def test_hand_worked(interactions):
    """Two users share item 1: N = [[r, 1/2, 0], [0, 1/2, r]] with r = sqrt(1/2), so r P of item 0 is [1/2, r/2, 0]."""
    train = interactions([[0, 1], [1, 2]], n_items=3)
    model = fitted(train, form="gf_cf", low_pass_weight=0)
    found = model.scores(interactions([[0]], n_items=3), np.array([0]))
    np.testing.assert_allclose(found, [[1 / 2, np.sqrt(1 / 2) / 2, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "history_terms", "low_pass_terms"),
    [
        ({"form": "gf_cf"}, [0, 1], [1 / 5]),
        ({"sharpen_time": 2, "sharpen_order": 1}, [0, 1, -2], [1 / 5, -2 / 5]),
        ({"form": "bspm_late", "sharpen_time": 2, "sharpen_order": 1}, [0, 1, -2], [1 / 5]),
        ({"sharpen_time": 1}, [0, 1, -1, 1 / 2, -1 / 6, 1 / 24], [1 / 5, -1 / 5, 1 / 10, -1 / 30, 1 / 120]),
        ({"n_blur_steps": 2, "sharpen_time": 0}, [1 / 4, 1 / 2, 1 / 4], [1 / 5]),
    ],
)
def test_terms_by_hand(settings, history_terms, low_pass_terms):
    found = filter_terms(GraphFilterConfig(**settings))
    np.testing.assert_allclose(found[0], history_terms, atol=1e-12)
    np.testing.assert_allclose(found[1], low_pass_terms, atol=1e-12)


@pytest.mark.parametrize("form", ["gf_cf", "bspm_early", "bspm_late"])
def test_two_tastes_are_separated(two_tastes, separates, form):
    assert separates(fitted(two_tastes, form=form, n_factors=2, sharpen_time=0.5), two_tastes)


def test_slabs_change_nothing(two_tastes, monkeypatch):
    users = np.arange(two_tastes.n_users)
    whole = fitted(two_tastes).scores(two_tastes, users)
    monkeypatch.setattr(graph_filter, "SLAB", 7)
    np.testing.assert_allclose(fitted(two_tastes).scores(two_tastes, users), whole, rtol=1e-4, atol=1e-5)


def test_a_user_is_only_a_history(two_tastes, interactions):
    stranger = interactions([two_tastes.history(4).tolist()], n_items=21)
    model = fitted(two_tastes)
    found = model.scores(stranger, np.array([0]))
    np.testing.assert_allclose(found, model.scores(two_tastes, np.array([4])), rtol=1e-5, atol=1e-6)


CHANGES_SCORES = {
    "form": "gf_cf",
    "n_factors": 2,
    "low_pass_weight": 0.5,
    "blur_time": 0.5,
    "n_blur_steps": 2,
    "sharpen_time": 1.0,
    "n_sharpen_steps": 2,
    "sharpen_order": 1,
    "user_exponent": 0.3,
    "popularity_exponent": 0.2,
    "n_svd_iterations": 1,
    "seed": 1,
}


def test_every_setting_is_tested():
    assert set(CHANGES_SCORES) == set(GraphFilterConfig.model_fields)


@pytest.mark.parametrize("field", sorted(CHANGES_SCORES))
def test_setting_changes_the_scores(two_tastes, field):
    base = {"n_factors": 3, "n_svd_iterations": 0}
    found = [
        fitted(two_tastes, **settings).scores(two_tastes, np.arange(6))
        for settings in (base, {**base, field: CHANGES_SCORES[field]})
    ]
    assert not np.allclose(*found, rtol=1e-4)


def test_odd_data_give_finite_scores_and_untouched_items_none(degenerate):
    for what, histories in degenerate.items():
        for form in ("gf_cf", "bspm_early", "bspm_late"):
            scores = fitted(histories, form=form).scores(histories, np.arange(histories.n_users))
            assert np.isfinite(scores).all(), what
            untouched = np.setdiff1d(np.arange(histories.n_items), histories.items)
            assert (scores[:, untouched] == 0).all(), what


def test_because_of_is_the_nearest_by_shared_users(two_tastes, dense):
    matrix = dense(two_tastes)
    degrees = np.maximum(matrix.sum(axis=0), 1)
    graph = matrix / np.sqrt(matrix.sum(axis=1, keepdims=True) * degrees)
    similarity = graph.T @ graph
    history, items = np.array([1, 4, 13]), np.array([2, 15, 20])
    expected = [history[similarity[history, item].argmax()] for item in items[:2]]
    assert fitted(two_tastes).because_of(history, items).tolist() == [*expected, -1]
