import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.pair_loss import negatives_of, pair_loss, pair_scores
from models.training.embedding_losses import batch_l2, bpr_loss, cosine_contrastive_loss, directau_loss, softmax_loss

USERS, ITEMS = torch.tensor([0, 0, 2, 3]), torch.tensor([1, 4, 1, 0])


@pytest.fixture
def network():
    generator = torch.Generator().manual_seed(0)
    return EmbeddingNetwork(torch.randn(5, 3, generator=generator), torch.randn(6, 3, generator=generator))


def loss_of(network, **settings):
    config = EmbeddingConfig(**{"n_negatives": 7, **settings})
    torch.manual_seed(4)
    loss = pair_loss(config, network, network, USERS, ITEMS)
    torch.manual_seed(4)
    return loss, negatives_of(config, ITEMS, 6)


@pytest.mark.parametrize("similarity", ["inner_product", "cosine"])
@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax", "in_batch_softmax"])
def test_is_the_loss_of_the_scores_with_those_negatives(network, loss, similarity):
    users, items = network()
    if similarity == "cosine":
        users, items = normalize(users, dim=1), normalize(items, dim=1)
    found, negatives = loss_of(network, loss=loss, similarity=similarity, temperature=0.5)
    if loss != "bpr":
        negatives = negatives.expand(4, -1)
    scores = torch.einsum("bd,bnd->bn", users[USERS], items[negatives])
    scores = scores.masked_fill(negatives == ITEMS[:, None], -torch.inf)
    positives = (users[USERS] * items[ITEMS]).sum(dim=1)
    expected = bpr_loss(positives, scores) if loss == "bpr" else softmax_loss(positives, scores, 0.5)
    torch.testing.assert_close(found, expected)


def test_directau_is_on_the_sphere_and_draws_nothing(network):
    found, negatives = loss_of(network, loss="directau", uniformity_weight=0.7)
    users, items = normalize(network.users, dim=1)[USERS], normalize(network.items, dim=1)[ITEMS]
    torch.testing.assert_close(found, directau_loss(users, items, 0.7))
    assert negatives is None


def test_cosine_contrastive_is_on_the_sphere_with_shared_negatives(network):
    found, negatives = loss_of(network, loss="cosine_contrastive", margin=0.1, negative_weight=3.0)
    users, items = normalize(network.users, dim=1)[USERS], normalize(network.items, dim=1)
    scores = (users @ items[negatives].T).masked_fill(negatives == ITEMS[:, None], -torch.inf)
    torch.testing.assert_close(found, cosine_contrastive_loss((users * items[ITEMS]).sum(1), scores, 0.1, 3.0))


def test_in_batch_negatives_are_the_batch_and_another_pair_of_the_same_item_is_none(network):
    assert torch.equal(loss_of(network, loss="in_batch_softmax")[1], ITEMS)
    _, scores = pair_scores(network.users[USERS], network.items[ITEMS], ITEMS, ITEMS, network.items)
    ignored = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]], dtype=bool)
    assert np.array_equal(torch.isneginf(scores).numpy(), ignored)


@pytest.mark.parametrize(("loss", "shape"), [("bpr", (4, 7)), ("sampled_softmax", (7,))])
def test_negatives_are_of_the_pair_or_shared_and_from_all_items(network, loss, shape):
    assert loss_of(network, loss=loss)[1].shape == shape
    config = EmbeddingConfig(loss=loss, n_negatives=100)
    assert set(negatives_of(config, ITEMS, 6).flatten().tolist()) == set(range(6))


def test_l2_penalises_what_was_looked_up(network):
    plain, negatives = loss_of(network, loss="sampled_softmax")
    penalised, _ = loss_of(network, loss="sampled_softmax", l2=0.3)
    looked_up = network.users[USERS], network.items[ITEMS], network.items[negatives]
    torch.testing.assert_close(penalised - plain, 0.3 * batch_l2(*looked_up), rtol=1e-4, atol=1e-5)
