import numpy as np
import pytest

from models.retrieval.top_k import top_k


def naive(row, k):
    order = sorted((item for item in range(len(row)) if np.isfinite(row[item])), key=lambda item: (-row[item], item))
    return (order + [-1] * k)[:k]


@pytest.mark.parametrize("k", [1, 3, 10, 20, 25])
@pytest.mark.parametrize("levels", [1, 3, 1000])
def test_equals_sorting_by_score_then_item(k, levels):
    rng = np.random.default_rng(k * levels)
    scores = rng.integers(levels, size=(50, 20)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.3] = -np.inf
    items, best = top_k(scores, k)
    assert items.tolist() == [naive(row, k) for row in scores]
    assert items.dtype == np.int32
    assert best.dtype == np.float32
    for row in range(50):
        found = items[row] >= 0
        np.testing.assert_array_equal(best[row][found], scores[row, items[row][found]])
        assert np.isneginf(best[row][~found]).all()


def test_nothing_to_choose_from():
    assert top_k(np.full((2, 3), -np.inf, dtype=np.float32), 2)[0].tolist() == [[-1, -1], [-1, -1]]
    assert top_k(np.zeros((0, 3), dtype=np.float32), 2)[0].shape == (0, 2)
    assert top_k(np.zeros((1, 0), dtype=np.float32), 2)[0].tolist() == [[-1, -1]]
