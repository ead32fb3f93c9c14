import numpy as np
import torch

from models.collaborative.graph_product import adjacency_product
from models.collaborative.ngcf import Ngcf, NgcfConfig
from models.collaborative.ngcf_network import NgcfNetwork
from models.collaborative.normalised_graph import normalised_graph
from models.retrieval.history_matrix import history_matrix

TINY = {"embedding_size": 8, "max_epochs": 2, "n_negatives": 16, "batch_tokens": 128}


def test_layers_agree_with_dense_matrices(two_tastes, dense):
    """Eq. 7 of the paper, written out."""
    graph = normalised_graph(history_matrix(two_tastes, np.arange(60)))
    torch.manual_seed(0)
    network = NgcfNetwork(torch.randn(60, 4), torch.randn(21, 4), adjacency_product(graph), n_layers=2, dropout=0.5)
    network.eval()
    matrix = dense(two_tastes)
    normalised = matrix / np.sqrt(np.outer(matrix.sum(axis=1), np.maximum(matrix.sum(axis=0), 1)))
    adjacency = np.block([[np.zeros((60, 60)), normalised], [normalised.T, np.zeros((21, 21))]])
    last = np.concatenate([network.users.detach().numpy(), network.items.detach().numpy()])
    layers = [last]
    for sums, products in zip(network.sums, network.products, strict=True):
        weights = [part.detach().numpy() for part in (sums.weight, sums.bias, products.weight, products.bias)]
        near = adjacency @ last
        last = (near + last) @ weights[0].T + weights[1] + (near * last) @ weights[2].T + weights[3]
        last = np.where(last > 0, last, 0.2 * last)
        layers.append(last)
    found = torch.cat(network()).detach().numpy()
    np.testing.assert_allclose(found, np.concatenate(layers, axis=1), rtol=1e-4, atol=1e-4)


def test_two_tastes_are_separated_and_vectors_are_all_layers(two_tastes, separates):
    model = Ngcf(NgcfConfig(**{**TINY, "max_epochs": 30, "learning_rate": 0.01}, n_layers=2))
    model.fit(two_tastes)
    assert separates(model, two_tastes)
    assert model.items.shape == (21, 3 * 8)


def test_layers_and_dropout_change_the_vectors(two_tastes):
    found = {}
    for name, settings in {"base": {}, "layers": {"n_layers": 1}, "dropout": {"dropout": 0.5}}.items():
        model = Ngcf(NgcfConfig(**TINY, **settings))
        model.fit(two_tastes)
        found[name] = model.scores(two_tastes, np.arange(60))
    assert not np.allclose(found["base"], found["layers"])
    assert not np.allclose(found["base"], found["dropout"])


def test_matrices_too_continue(two_tastes):
    earlier = Ngcf(NgcfConfig(**TINY))
    earlier.fit(two_tastes)
    continued = Ngcf(NgcfConfig(**TINY))
    continued.start_from(earlier, np.arange(21))
    continued.fit(two_tastes, n_epochs=0)
    np.testing.assert_allclose(continued.items, earlier.items, rtol=1e-5, atol=1e-6)


def test_odd_data_give_finite_scores(degenerate):
    for what, histories in degenerate.items():
        model = Ngcf(NgcfConfig(**TINY))
        model.fit(histories)
        assert np.isfinite(model.scores(histories, np.arange(1))).all(), what
