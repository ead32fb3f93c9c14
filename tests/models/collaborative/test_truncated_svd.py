import numpy as np
import pytest
from scipy.sparse import csr_matrix, random

from models.collaborative.truncated_svd import truncated_svd


@pytest.mark.parametrize("shape", [(90, 130), (130, 90), (3, 5)])
def test_agrees_with_the_whole_factorisation(shape):
    matrix = random(
        *shape,
        density=0.2 if shape[0] > 3 else 1,
        random_state=np.random.default_rng(1),
        dtype=np.float32,
        format="csr",
    )
    users, values, items = truncated_svd(matrix, 12, n_iterations=20)
    expected = np.linalg.svd(matrix.toarray())[1][:12]
    np.testing.assert_allclose(values, expected, rtol=1e-3)
    np.testing.assert_allclose(users.T @ matrix.toarray() @ items, np.diag(values), atol=1e-3)
    np.testing.assert_allclose(users.T @ users, np.eye(len(values)), atol=1e-4)
    np.testing.assert_allclose(items.T @ items, np.eye(len(values)), atol=1e-4)


def test_vectors_of_singular_values_of_zero_are_left_out():
    users, values, items = truncated_svd(csr_matrix(np.ones((6, 4), dtype=np.float32)), 3)
    np.testing.assert_allclose(values, [np.sqrt(24)], rtol=1e-5)
    np.testing.assert_allclose(items[:, 0], [1 / 2] * 4, rtol=1e-5)
    assert users.shape == (6, 1)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (4, 4)])
def test_nothing_has_no_factors(shape):
    users, values, items = truncated_svd(csr_matrix(shape, dtype=np.float32), 2)
    assert (users.shape, values.shape, items.shape) == ((shape[0], 0), (0,), (shape[1], 0))


def test_more_iterations_part_close_values_and_the_seed_decides_the_rest():
    matrix = random(200, 300, density=0.1, random_state=np.random.default_rng(1), dtype=np.float32, format="csr")
    found = [truncated_svd(matrix, 8, n_iterations=n)[1].sum() for n in (0, 2, 8)]
    assert found[0] < found[1] < found[2] <= np.linalg.svd(matrix.toarray())[1][:8].sum() * (1 + 1e-5)
    again, other = (truncated_svd(matrix, 8, 0, seed)[2] for seed in (0, 1))
    np.testing.assert_array_equal(truncated_svd(matrix, 8, 0, 0)[2], again)
    assert not np.allclose(again, other)
