import numpy as np
import pytest

from models.retrieval.history_matrix import history_matrix
from models.retrieval.item_knn import ItemKnn, ItemKnnConfig


def dense(histories) -> np.ndarray:
    matrix = np.zeros((histories.n_users, histories.n_items))
    for user in range(histories.n_users):
        matrix[user, histories.history(user)] = 1
    return matrix


def naive(matrix: np.ndarray, k: int, shrinkage: float = 0.0) -> np.ndarray:
    """`[n_items, n_items]`: column j holds item j's k nearest, by loops."""
    n_items = matrix.shape[1]
    found = np.zeros((n_items, n_items))
    for j in range(n_items):
        similar = []
        for i in range(n_items):
            lengths = np.linalg.norm(matrix[:, i]) * np.linalg.norm(matrix[:, j])
            if i != j and matrix[:, i] @ matrix[:, j] > 0:
                similar.append((matrix[:, i] @ matrix[:, j] / (lengths + shrinkage), -i))
        for value, i in sorted(similar, reverse=True)[:k]:
            found[-i, j] = value
    return found


def bm25(matrix: np.ndarray, k1: float, b: float) -> np.ndarray:
    """The definition, entry by entry."""
    weighted = np.zeros_like(matrix)
    active = matrix[matrix.sum(axis=1) > 0]
    mean_length = active.sum(axis=1).mean()
    for user, item in zip(*np.nonzero(matrix), strict=True):
        n = active[:, item].sum()
        idf = np.log(1 + (len(active) - n + 0.5) / (n + 0.5))
        weighted[user, item] = idf * (k1 + 1) / (1 + k1 * (1 - b + b * matrix[user].sum() / mean_length))
    return weighted


def fitted(histories, **settings) -> ItemKnn:
    model = ItemKnn(ItemKnnConfig(**settings))
    model.fit(histories)
    return model


def test_hand_worked_cosines(interactions):
    """Item 0 has users {0, 1, 2}, item 1 {0, 1}, item 2 {2}: s01 = 2 / sqrt(6), s02 = 1 / sqrt(3)."""
    train = interactions([[0, 1], [1, 0, 0], [0, 2]], n_items=4)
    only_first = interactions([[0]], n_items=4)
    scores = fitted(train).scores(only_first, np.array([0]))
    np.testing.assert_allclose(scores, [[0, 2 / np.sqrt(6), 1 / np.sqrt(3), 0]], atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"n_neighbours": 3}, {"shrinkage": 5.0}])
def test_agrees_with_loops(planted, settings):
    histories, _ = planted
    similar = naive(dense(histories), settings.get("n_neighbours", 100), settings.get("shrinkage", 0.0))
    np.testing.assert_allclose(fitted(histories, **settings).similar.toarray(), similar, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"k1": 0.5}, {"b": 0.0}])
def test_bm25_agrees_with_its_definition(planted, settings):
    histories, _ = planted
    weighted = bm25(dense(histories), settings.get("k1", 1.2), settings.get("b", 0.75))
    model = fitted(histories, similarity="bm25", **settings)
    np.testing.assert_allclose(model.similar.toarray(), naive(weighted, 100), atol=1e-5)


def test_blocks_change_nothing(planted, monkeypatch):
    from models.retrieval import item_knn

    whole = fitted(planted[0]).similar.toarray()
    monkeypatch.setattr(item_knn, "BLOCK_ITEMS", 7)
    np.testing.assert_array_equal(fitted(planted[0]).similar.toarray(), whole)


def test_because_of_is_the_most_similar(planted):
    histories, _ = planted
    model = fitted(histories)
    history, items = np.array([2, 5, 30]), np.array([3, 6, 31, 40])
    similar = model.similar.toarray()[history][:, items]
    expected = [*history[similar[:, :3].argmax(axis=0)], -1]
    assert model.because_of(history, items).tolist() == expected


def test_history_matrix_of_some_users(interactions):
    histories = interactions([[0, 1, 1], [], [2]], n_items=3)
    assert history_matrix(histories, np.array([2, 0, 1])).toarray().tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 0]]
