import numpy as np
import pytest

from models.collaborative import co_occurrence
from models.collaborative.co_occurrence import nearest_items
from models.retrieval.history_matrix import history_matrix


@pytest.mark.parametrize("block_items", [1024, 4])
def test_agrees_with_the_equation_written_out(two_tastes, dense, monkeypatch, block_items):
    monkeypatch.setattr(co_occurrence, "BLOCK_ITEMS", block_items)
    counts = dense(two_tastes).T @ dense(two_tastes)
    totals = counts.sum(axis=1)
    items, weights = nearest_items(history_matrix(two_tastes, np.arange(60)), 3)
    for item in range(20):
        omegas = {
            other: counts[item, other] / (totals[item] - counts[item, item]) * np.sqrt(totals[item] / totals[other])
            for other in range(20)
            if other != item and counts[item, other]
        }
        best = sorted(omegas, key=lambda other, omegas=omegas: (-omegas[other], other))[:3]
        np.testing.assert_allclose(weights[item], [omegas[other] for other in best], rtol=1e-5)
        assert items[item].tolist() == best
    assert not weights[20].any()


def test_hand_worked(interactions):
    """Counts [[2, 1, 1], [1, 1, 0], [1, 0, 1]], sums 4, 2, 2: 1 / (4 - 2) sqrt(4 / 2) and 1 / (2 - 1) sqrt(2 / 4)."""
    items, weights = nearest_items(history_matrix(interactions([[0, 1], [0, 2]], n_items=3), np.arange(2)), 2)
    assert items.tolist() == [[1, 2], [0, 0], [0, 0]]
    half = np.sqrt(1 / 2)
    np.testing.assert_allclose(weights, [[half, half], [half, 0], [half, 0]], rtol=1e-6)


def test_items_alone_have_no_neighbours(interactions):
    _, weights = nearest_items(history_matrix(interactions([[0], [1], []], n_items=3), np.arange(3)), 2)
    assert weights.shape == (3, 2)
    assert not weights.any()
