import numpy as np
import pytest

from models.retrieval import ials_solver, ials_steps
from models.retrieval.history_matrix import history_matrix
from models.retrieval.ials import Ials
from models.retrieval.ials_config import IalsConfig
from models.retrieval.ials_solver import solve
from models.retrieval.ials_steps import improve

SMALL = {"embedding_size": 8, "n_iterations": 4}


def naive(matrix: np.ndarray, vectors: np.ndarray, config: IalsConfig) -> np.ndarray:
    """Each row's normal equations, in float64, written out over all pairs."""
    found = np.zeros((len(matrix), vectors.shape[1]))
    vectors = vectors.astype(np.float64)
    for row, seen in enumerate(matrix):
        if not seen.any():
            continue
        weights = config.unobserved_weight + seen
        penalty = config.l2 * (seen.sum() + config.unobserved_weight * len(vectors)) ** config.l2_exponent
        normal = (vectors * weights[:, None]).T @ vectors + penalty * np.eye(vectors.shape[1])
        found[row] = np.linalg.solve(normal, vectors.T @ seen)
    return found


def objective(matrix: np.ndarray, users: np.ndarray, items: np.ndarray, config: IalsConfig) -> float:
    predicted = users @ items.T
    fit = (matrix * (predicted - 1) ** 2).sum() + config.unobserved_weight * (predicted**2).sum()
    penalties = []
    for vectors, counts, n_others in ((users, matrix.sum(1), len(items)), (items, matrix.sum(0), len(users))):
        weights = config.l2 * (counts + config.unobserved_weight * n_others) ** config.l2_exponent
        penalties.append((weights * (vectors**2).sum(axis=1)).sum())
    return fit + sum(penalties)


def fitted(histories, **settings) -> Ials:
    model = Ials(IalsConfig(**{**SMALL, **settings}))
    model.fit(histories)
    return model


@pytest.mark.parametrize("settings", [{}, {"unobserved_weight": 0.5}, {"l2": 0.3}, {"l2_exponent": 0.5}])
def test_a_step_solves_the_normal_equations(planted, settings):
    histories, _ = planted
    config = IalsConfig(embedding_size=8, **settings)
    vectors = np.random.default_rng(1).normal(size=(histories.n_items, 8)).astype(np.float32)
    matrix = history_matrix(histories, np.arange(histories.n_users))
    found = solve(matrix.indptr, matrix.indices, vectors, config)
    np.testing.assert_allclose(found, naive(matrix.toarray(), vectors, config), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("settings", [{}, {"unobserved_weight": 0.5}, {"l2": 0.3}])
def test_enough_conjugate_gradient_steps_solve_them_too(planted, settings):
    histories, _ = planted
    config = IalsConfig(embedding_size=8, n_cg_steps=24, **settings)
    vectors = np.random.default_rng(1).normal(size=(histories.n_items, 8)).astype(np.float32)
    matrix = history_matrix(histories, np.arange(histories.n_users))
    start = np.random.default_rng(2).normal(size=(histories.n_users, 8)).astype(np.float32)
    found = improve(matrix.indptr, matrix.indices, vectors, start, config)
    np.testing.assert_allclose(found, naive(matrix.toarray(), vectors, config), rtol=1e-2, atol=2e-3)


def test_steps_from_the_solution_stay_there(planted):
    histories, _ = planted
    config = IalsConfig(embedding_size=8)
    vectors = np.random.default_rng(1).normal(size=(histories.n_items, 8)).astype(np.float32)
    matrix = history_matrix(histories, np.arange(histories.n_users))
    solved = solve(matrix.indptr, matrix.indices, vectors, config)
    again = improve(matrix.indptr, matrix.indices, vectors, solved, config)
    np.testing.assert_allclose(again, solved, rtol=1e-3, atol=1e-4)


def test_a_few_steps_an_iteration_reach_what_whole_solutions_reach(planted):
    histories, _ = planted
    matrix = history_matrix(histories, np.arange(histories.n_users))
    found = []
    for n_steps in (0, 3):
        model = fitted(histories, n_iterations=16, n_cg_steps=n_steps)
        users = solve(matrix.indptr, matrix.indices, model.items, model.config)
        found.append(objective(matrix.toarray(), users, model.items, model.config))
    assert found[1] == pytest.approx(found[0], rel=0.01)


@pytest.mark.parametrize(
    ("n_steps", "module", "name", "size"),
    [(0, ials_solver, "MAX_ELEMENTS", 300), (3, ials_steps, "MAX_ENTRIES", 20), (3, ials_steps, "MAX_ROWS", 3)],
)
def test_batches_change_nothing(planted, monkeypatch, n_steps, module, name, size):
    whole = fitted(planted[0], n_cg_steps=n_steps).items
    monkeypatch.setattr(module, name, size)
    np.testing.assert_allclose(fitted(planted[0], n_cg_steps=n_steps).items, whole, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_steps", [0, 3])
def test_a_row_without_entries_has_no_vector_and_a_row_longer_than_a_block_has(monkeypatch, n_steps):
    monkeypatch.setattr(ials_steps, "MAX_ENTRIES", 4)
    rng = np.random.default_rng(3)
    offsets, others = np.array([0, 0, 9, 9, 12, 12]), np.arange(12) % 10
    vectors, start = (rng.normal(size=(n, 8)).astype(np.float32) for n in (10, 5))
    found = improve(offsets, others, vectors, start, IalsConfig(embedding_size=8, n_cg_steps=n_steps))
    assert found.any(axis=1).tolist() == [False, True, False, True, False]


def test_each_iteration_lowers_the_objective(planted):
    histories, _ = planted
    config = IalsConfig(**SMALL)
    matrix = history_matrix(histories, np.arange(histories.n_users))
    by_item = matrix.T.tocsr()
    items = np.random.default_rng(0).normal(size=(histories.n_items, 8)).astype(np.float32) * 0.1
    values = []
    for _ in range(6):
        users = solve(matrix.indptr, matrix.indices, items, config)
        values.append(objective(matrix.toarray(), users, items, config))
        items = solve(by_item.indptr, by_item.indices, users, config)
        values.append(objective(matrix.toarray(), users, items, config))
    assert all(later <= earlier * (1 + 1e-5) for earlier, later in zip(values, values[1:], strict=False))
    assert values[-1] < 0.9 * values[0]


def test_two_taste_groups_are_separated(planted):
    histories, _ = planted
    scores = fitted(histories, embedding_size=4).scores(histories, np.arange(2, histories.n_users))
    own = np.arange(2, histories.n_users) % 2
    halves = scores[:, :20].mean(axis=1), scores[:, 20:40].mean(axis=1)
    assert ((halves[1] > halves[0]) == (own == 1)).all()


def test_more_iterations_another_seed_and_another_size_change_the_model(planted):
    histories, _ = planted
    items = fitted(histories).items
    assert not np.allclose(fitted(histories, n_iterations=5).items, items)
    assert not np.allclose(fitted(histories, seed=1).items, items)
    assert fitted(histories, embedding_size=5).items.shape == (41, 5)
    np.testing.assert_allclose(fitted(histories, n_threads=2).items, items, rtol=1e-3, atol=1e-4)


def test_an_untouched_item_can_be_indexed_and_scores_next_to_nothing(planted):
    histories, _ = planted
    model = fitted(histories)
    assert model.items[40].any()
    scores = model.scores(histories, np.arange(2, 50))
    assert np.abs(scores[:, 40]).max() < 1e-4 < scores.max()
