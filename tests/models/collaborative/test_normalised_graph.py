import numpy as np
import pytest

from models.collaborative.normalised_graph import degree_powers, normalised_graph
from models.retrieval.history_matrix import history_matrix


def test_hand_worked(interactions):
    """User 0 touched items 0 and 1, user 1 item 1: degrees 2 and 1, 1 and 2."""
    matrix = history_matrix(interactions([[0, 1], [1]], n_items=3), np.arange(2))
    expected = [[1 / np.sqrt(2), 1 / 2, 0], [0, 1 / np.sqrt(2), 0]]
    np.testing.assert_allclose(normalised_graph(matrix).toarray(), expected, rtol=1e-6)
    np.testing.assert_allclose(normalised_graph(matrix, 1, 0).toarray(), [[1 / 2, 1 / 2, 0], [0, 1, 0]], rtol=1e-6)


def test_no_singular_value_is_above_one(two_tastes):
    matrix = history_matrix(two_tastes, np.arange(two_tastes.n_users))
    assert np.linalg.svd(normalised_graph(matrix).toarray())[1][0] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("exponent", "expected"), [(-0.5, [0, 1, 1 / 2]), (0, [0, 1, 1]), (1, [0, 1, 4])])
def test_power_of_an_untouched_degree_is_zero(exponent, expected):
    np.testing.assert_allclose(degree_powers(np.array([0, 1, 4]), exponent), expected)
