import numpy as np
import pytest
import torch

from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.first_vectors import first_vectors
from models.retrieval.history_matrix import history_matrix


def first(histories, **settings):
    torch.manual_seed(0)
    matrix = history_matrix(histories, np.arange(histories.n_users))
    return first_vectors(EmbeddingConfig(**{"embedding_size": 4, **settings}), matrix)


def test_random_ones_have_the_scale(two_tastes):
    users, items = first(two_tastes, embedding_size=400, start_scale=0.3)
    assert users.shape == (60, 400)
    assert items.std().item() == pytest.approx(0.3, rel=0.05)


def test_spectral_ones_are_singular_vectors_of_the_scale(two_tastes, dense):
    users, items = (part.numpy() for part in first(two_tastes, start="spectral", start_scale=0.5))
    matrix = dense(two_tastes)
    graph = matrix / np.sqrt(np.outer(matrix.sum(axis=1), np.maximum(matrix.sum(axis=0), 1)))
    values = np.linalg.svd(graph)[1][:4]
    np.testing.assert_allclose((users.T @ graph @ items) / np.sqrt(60 * 21) / 0.25, np.diag(values), atol=1e-3)
    np.testing.assert_allclose(np.sqrt((items[:20] ** 2).sum(axis=0) / 21), [0.5] * 4, rtol=1e-4)
    assert items[20].all()


def test_columns_beyond_the_rank_stay_as_drawn(interactions):
    alike = interactions([[0, 1]] * 3, n_items=2)
    drawn, spectral = first(alike)[1], first(alike, start="spectral")[1]
    assert torch.equal(drawn[:, 1:], spectral[:, 1:])
    assert not torch.allclose(drawn[:, 0], spectral[:, 0])
