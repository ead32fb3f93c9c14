import math

import numpy as np
import pytest
import torch

from models.collaborative.co_occurrence import nearest_items
from models.collaborative.embedding_config import VectorConfig
from models.collaborative.ultragcn import UltraGcn
from models.collaborative.ultragcn_config import UltraGcnConfig
from models.collaborative.ultragcn_network import UltraGcnNetwork, ultragcn_loss
from models.retrieval.history_matrix import history_matrix

TINY = {"embedding_size": 8, "max_epochs": 2, "n_negatives": 16, "batch_tokens": 128, "n_neighbours": 4}


def fitted(histories, **settings):
    model = UltraGcn(UltraGcnConfig(**{**TINY, **settings}))
    model.fit(histories)
    return model


def minus_log_sigmoid(score):
    return math.log(1 + math.exp(-score))


@pytest.mark.parametrize("pair_weight", [0.0, 0.5])
def test_loss_is_the_equations_term_by_term(two_tastes, dense, pair_weight):
    matrix, counts = history_matrix(two_tastes, np.arange(60)), dense(two_tastes)
    settings = {"negative_weight": 3.0, "pair_weight": pair_weight, "constraint_weight": 0.7, "item_weight": 2.0}
    config = UltraGcnConfig(n_negatives=5, n_neighbours=2, **settings)
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(60, 3, generator=generator), torch.randn(21, 3, generator=generator)
    near, omegas = nearest_items(matrix, 2)
    network = UltraGcnNetwork(*first, matrix, near, omegas)
    users, items = torch.tensor([0, 1, 7]), torch.tensor([3, 12, 20])
    torch.manual_seed(4)
    found = ultragcn_loss(config, network, users, items)
    torch.manual_seed(4)
    negatives = torch.randint(21, (5,)).tolist()
    d_user, d_item = counts.sum(axis=1), counts.sum(axis=0)
    vectors = [part.detach().numpy().astype(float) for part in (network.users, network.items)]

    def weight(user, item):
        return pair_weight + 0.7 * math.sqrt((d_user[user] + 1) / (d_item[item] + 1)) / d_user[user]

    total = 0.0
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        scores = vectors[1] @ vectors[0][user]
        others = [other for other in negatives if other != item]
        total += weight(user, item) * minus_log_sigmoid(scores[item])
        total += 3 * sum(weight(user, other) * minus_log_sigmoid(-scores[other]) for other in others) / len(others)
        total += 2 * sum(w * minus_log_sigmoid(scores[j]) for w, j in zip(omegas[item], near[item], strict=True))
    assert found.item() == pytest.approx(total / 3, rel=1e-4)


def test_two_tastes_are_separated(two_tastes, separates):
    assert separates(fitted(two_tastes, max_epochs=30, learning_rate=0.03, negative_weight=3.0), two_tastes)


CHANGES_SCORES = {
    "n_negatives": 5,
    "negative_weight": 1.0,
    "pair_weight": 1.0,
    "constraint_weight": 0.2,
    "n_neighbours": 1,
    "item_weight": 0.0,
    "l2": 1.0,
}


def test_every_setting_of_its_own_is_tested():
    assert set(CHANGES_SCORES) - {"l2"} == set(UltraGcnConfig.model_fields) - set(VectorConfig.model_fields)


@pytest.mark.parametrize("field", sorted(CHANGES_SCORES))
def test_setting_changes_the_scores(two_tastes, field):
    found = [fitted(two_tastes, **settings).items for settings in ({}, {field: CHANGES_SCORES[field]})]
    assert not np.allclose(*found)


def test_odd_data_give_finite_scores(degenerate):
    for what, histories in degenerate.items():
        assert np.isfinite(fitted(histories).scores(histories, np.arange(1))).all(), what
