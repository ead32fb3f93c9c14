import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.collaborative.graph_product import adjacency_product
from models.collaborative.lightgcn import LightGcn, LightGcnConfig
from models.collaborative.lightgcn_network import LightGcnNetwork
from models.collaborative.normalised_graph import normalised_graph
from models.retrieval.history_matrix import history_matrix


@pytest.mark.parametrize(("n_layers", "first_layer"), [(0, 0), (1, 0), (3, 0), (1, 1), (3, 1), (3, 2)])
def test_propagation_agrees_with_dense_matrices(two_tastes, dense, n_layers, first_layer):
    """Eqs. 6 to 8 of the paper, written out."""
    rng = np.random.default_rng(0)
    n_users, n_items = two_tastes.n_users, two_tastes.n_items
    first = rng.normal(size=(n_users + n_items, 5))
    matrix = dense(two_tastes)
    adjacency = np.block([[np.zeros((n_users, n_users)), matrix], [matrix.T, np.zeros((n_items, n_items))]])
    inverse = np.diag(np.maximum(adjacency.sum(axis=1), 1) ** -0.5)
    layers = [first]
    for _ in range(n_layers):
        layers.append(inverse @ adjacency @ inverse @ layers[-1])
    expected = np.mean(layers[first_layer:], axis=0)
    graph = normalised_graph(history_matrix(two_tastes, np.arange(n_users)))
    start = torch.from_numpy(first).float().split([n_users, n_items])
    users, items = LightGcnNetwork(*start, adjacency_product(graph), n_layers, first_layer)()
    np.testing.assert_allclose(users.detach().numpy(), expected[:n_users], atol=1e-5)
    np.testing.assert_allclose(items.detach().numpy(), expected[n_users:], atol=1e-5)


def test_layers_change_the_vectors(two_tastes):
    found = []
    for n_layers in (0, 1, 2):
        model = LightGcn(LightGcnConfig(embedding_size=8, n_layers=n_layers, max_epochs=1))
        model.fit(two_tastes)
        found.append(model.items)
    assert not np.allclose(found[0], found[1])
    assert not np.allclose(found[1], found[2])


def test_the_first_layer_left_out_changes_the_vectors_and_one_must_be_left(two_tastes):
    found = []
    for first_layer in (0, 1):
        model = LightGcn(LightGcnConfig(embedding_size=8, n_layers=1, first_layer=first_layer, max_epochs=1))
        model.fit(two_tastes)
        found.append(model.items)
    assert not np.allclose(*found)
    with pytest.raises(ValidationError, match="first_layer 2 is beyond n_layers 1: nothing is left"):
        LightGcnConfig(n_layers=1, first_layer=2)


def test_vectors_are_those_after_the_propagation(two_tastes):
    """Two neighbours of a graph come near each other by smoothing alone, before any training."""
    model = LightGcn(LightGcnConfig(embedding_size=64, n_layers=40, max_epochs=1, learning_rate=1e-9))
    model.fit(two_tastes)
    items = model.items[:20] / np.linalg.norm(model.items[:20], axis=1, keepdims=True)
    cosines = items @ items.T
    same = np.arange(20)[:, None] // 10 == np.arange(20) // 10
    assert cosines[same].mean() > cosines[~same].mean() + 0.3
