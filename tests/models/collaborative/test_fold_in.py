import numpy as np
from scipy.sparse import csr_matrix

from models.collaborative.fold_in import fold_in_map, mean_vectors


def test_mean_by_hand_and_zero_without_a_history():
    matrix = csr_matrix(np.array([[1, 0, 1], [0, 0, 0]], dtype=np.float32))
    items = np.array([[1, 2], [9, 9], [3, 5]], dtype=np.float32)
    np.testing.assert_allclose(mean_vectors(matrix, items), [[2, 3.5], [0, 0]])


def test_map_by_hand():
    """Means 1 and 2, vectors 3 and 6: (1 * 3 + 2 * 6) / (1 + 4 + l2)."""
    found = fold_in_map(np.array([[1.0], [2.0]]), np.array([[3.0], [6.0]]), l2=5.0)
    np.testing.assert_allclose(found, [[1.5]])


def test_a_linear_map_is_found_again():
    rng = np.random.default_rng(0)
    means, truth = rng.normal(size=(300, 4)).astype(np.float32), rng.normal(size=(4, 4)).astype(np.float32)
    np.testing.assert_allclose(fold_in_map(means, means @ truth, 1e-6), truth, atol=1e-4)


def test_without_users_the_map_is_zero():
    nothing = np.zeros((0, 3), dtype=np.float32)
    assert not fold_in_map(nothing, nothing, 1.0).any()
