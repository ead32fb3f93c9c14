import numpy as np
import torch

from models.collaborative.graph_product import SparseProduct
from models.collaborative.normalised_graph import normalised_graph
from models.collaborative.simplex import Simplex, SimplexConfig
from models.collaborative.simplex_network import SimplexNetwork
from models.retrieval.history_matrix import history_matrix

LEARNS = {"embedding_size": 8, "max_epochs": 30, "n_negatives": 64, "batch_tokens": 128, "learning_rate": 0.03}


def test_users_are_the_mixture_written_out(two_tastes):
    generator = torch.Generator().manual_seed(0)
    users, items = torch.randn(60, 3, generator=generator), torch.randn(21, 3, generator=generator)
    means = normalised_graph(history_matrix(two_tastes, np.arange(60)), 1.0, 0.0)
    network = SimplexNetwork(users, items, SparseProduct(means), own_share=0.3)
    network.map.data = torch.arange(9.0).view(3, 3)
    found, same = network()
    expected = [
        0.3 * users[u].numpy() + 0.7 * items.numpy()[two_tastes.history(u)].mean(axis=0) @ np.arange(9.0).reshape(3, 3)
        for u in range(60)
    ]
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(same, items)


def test_two_tastes_are_separated_and_scores_are_cosines(two_tastes, separates):
    model = Simplex(SimplexConfig(**LEARNS, margin=-0.5, negative_weight=1.0))
    model.fit(two_tastes)
    assert separates(model, two_tastes)
    assert np.abs(model.scores(two_tastes, np.arange(60))).max() <= 1 + 1e-5


def test_share_changes_the_users(two_tastes):
    found = []
    for own_share in (0.0, 0.5, 1.0):
        model = Simplex(SimplexConfig(embedding_size=8, max_epochs=1, own_share=own_share))
        model.fit(two_tastes)
        found.append(model.users)
    assert not np.allclose(found[0], found[1])
    assert not np.allclose(found[1], found[2])


def test_without_own_vectors_users_alike_have_the_same_vector(interactions):
    train = interactions([[0, 1], [0, 1], [2]], n_items=3)
    model = Simplex(SimplexConfig(embedding_size=4, max_epochs=2, own_share=0.0))
    model.fit(train)
    np.testing.assert_allclose(model.users[0], model.users[1], rtol=1e-6)


def test_odd_data_give_finite_scores(degenerate):
    for what, histories in degenerate.items():
        model = Simplex(SimplexConfig(embedding_size=4, max_epochs=2))
        model.fit(histories)
        assert np.isfinite(model.scores(histories, np.arange(1))).all(), what
