"""AlphaRec: its propagation and its loss against dense matrices, strangers, and items known by their text alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.collaborative.alpharec import AlphaRec, AlphaRecConfig
from models.collaborative.text_map import TextMap
from models.retrieval.item_features import ItemFeatures
from models.retrieval.recommend import recommend

TINY = {"embedding_size": 8, "hidden_size": 12, "max_epochs": 2, "n_negatives": 16, "batch_tokens": 128}
TINY |= {"warmup_steps": 3}
MAPS = ["linear", "two_layer"]


def described(text):
    return ItemFeatures(text.astype(np.float32), np.full((len(text), 1), -1, np.int32), 1)


def fitted(histories, text, validation=None, folder=None, n_epochs=None, **settings):
    model = AlphaRec(AlphaRecConfig(**TINY | settings), folder)
    model.describe_items(described(text))
    model.report = model.fit(histories, validation, n_epochs=n_epochs)
    return model


@pytest.fixture(scope="module")
def text():
    return np.random.default_rng(3).standard_normal((21, 6))


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class TestTheForward:
    @pytest.fixture(scope="class", params=[(name, n) for name in MAPS for n in (0, 1, 3)])
    def model(self, request, two_tastes, text):
        return fitted(two_tastes, text, text_map=request.param[0], n_layers=request.param[1])

    @pytest.fixture(scope="class")
    def expected(self, model, two_tastes, dense, text):
        """Users and items by dense matrices, as the paper has it."""
        matrix = dense(two_tastes)
        users = np.stack([text[two_tastes.history(user)].mean(axis=0) for user in range(60)])
        w = {name: array.astype(np.float64) for name, array in model.map.weights.items()}
        z = np.concatenate([users, text])
        if "map.weight" in w:
            first = z @ w["map.weight"].T
        else:
            between = z @ w["map.0.weight"].T + w["map.0.bias"]
            first = np.maximum(between, 0.01 * between) @ w["map.2.weight"].T + w["map.2.bias"]
        adjacency = np.block([[np.zeros((60, 60)), matrix], [matrix.T, np.zeros((21, 21))]])
        inverse = np.diag(np.maximum(adjacency.sum(axis=1), 1) ** -0.5)
        layers = [first]
        for _ in range(model.config.n_layers):
            layers.append(inverse @ adjacency @ inverse @ layers[-1])
        return np.split(np.mean(layers, axis=0), [60])

    def test_kept_vectors_are_those_of_dense_matrices(self, model, expected, two_tastes):
        np.testing.assert_allclose(model.item_vectors(), unit(expected[1]), atol=1e-5)
        np.testing.assert_allclose(model.user_vectors(two_tastes, np.arange(60)), unit(expected[0]), atol=1e-5)

    def test_the_network_that_is_trained_makes_the_same(self, model, expected, two_tastes):
        from models.retrieval.history_matrix import history_matrix

        network = model._first_network(two_tastes, history_matrix(two_tastes, np.arange(60)), torch.device("cpu"))
        weights = {name: torch.from_numpy(array) for name, array in model.map.weights.items()}
        network.load_state_dict(weights)
        for found, wanted in zip(network(), expected, strict=True):
            np.testing.assert_allclose(found.detach().numpy(), wanted, atol=1e-5)

    def test_a_stranger_has_the_vector_of_a_user_with_the_same_history(self, model, two_tastes):
        strangers = replace(two_tastes, user_ids=np.array([f"new {i}" for i in range(60)], dtype=object))
        np.testing.assert_array_equal(
            model.user_vectors(strangers, np.arange(60)), model.user_vectors(two_tastes, np.arange(60))
        )

    def test_an_item_nobody_touched_is_its_text_and_counts_as_touched_once(self, model, text, interactions):
        alone = model.map(text[20:].astype(np.float32))
        np.testing.assert_allclose(model.item_vectors()[20:], unit(alone), atol=1e-6)
        only_it = interactions([[20]], n_items=21)
        np.testing.assert_allclose(model.user_vectors(only_it, np.array([0])), unit(alone), atol=1e-6)


def test_the_loss_is_the_equation(two_tastes, text):
    rng = np.random.default_rng(0)
    users, items = rng.standard_normal((60, 4)), rng.standard_normal((21, 4))
    vectors = torch.from_numpy(users).float(), torch.from_numpy(items).float()
    model = AlphaRec(AlphaRecConfig(n_negatives=7, temperature=0.3))
    pairs = np.array([[0, 3], [0, 5], [8, 14]])
    torch.manual_seed(1)
    negatives = torch.randint(21, (7,)).tolist()
    torch.manual_seed(1)
    found = model._batch_loss(None, lambda: vectors, *torch.from_numpy(pairs.T)).item()
    losses = []
    for user, item in pairs:
        scores = [unit(users[user]) @ unit(items[j]) / 0.3 for j in [item, *(j for j in negatives if j != item)]]
        losses.append(np.log(np.exp(scores).sum()) - scores[0])
    assert found == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("text_map", MAPS)
def test_a_new_item_known_by_its_text_alone_is_retrieved(interactions, text_map):
    """Users like even or odd items of 0 to 29; 30 and 31 are new. Only the text tells even from odd."""
    rng = np.random.default_rng(0)
    train = interactions([(2 * rng.permutation(15)[:8] + user % 2).tolist() for user in range(120)], n_items=32)
    text = 0.3 * rng.standard_normal((32, 6))
    text[0::2, 0] += 1
    text[1::2, 0] -= 1
    model = fitted(train, text, text_map=text_map, max_epochs=15, learning_rate=0.01, embedding_size=16)
    users = np.arange(120)
    scores = model.scores(train, users)
    own, other = np.where(users % 2 == 0, 30, 31), np.where(users % 2 == 0, 31, 30)
    assert (scores[users, own] > scores[users, other]).mean() > 0.95
    items, _ = recommend(model, train, users, k=8)
    assert (items % 2 == (users % 2)[:, None]).mean() > 0.9


CHANGES_SCORES = {
    "learning_rate": 0.05,
    "warmup_steps": 50,
    "schedule": "linear",
    "weight_decay": 3.0,
    "averaging": 0.9,
    "batch_tokens": 50,
    "max_epochs": 3,
    "seed": 1,
    "embedding_size": 16,
    "text_map": "linear",
    "hidden_size": 5,
    "n_layers": 1,
    "temperature": 0.5,
    "n_negatives": 5,
}
TESTED_BELOW = {"patience", "n_validation_users"}
SHARED_WITH_OTHERS = {
    "accumulation_steps",
    "final_learning_rate_share",
    "n_threads",
    "continued_epochs",
    "from_scratch_days",
}


def test_every_setting_is_tested():
    assert set(CHANGES_SCORES) | TESTED_BELOW | SHARED_WITH_OTHERS == set(AlphaRecConfig.model_fields)


@pytest.mark.parametrize("field", sorted(CHANGES_SCORES))
def test_setting_changes_the_scores(two_tastes, text, field):
    base, changed = (
        fitted(two_tastes, text, **change).scores(two_tastes, np.arange(9))
        for change in ({}, {field: CHANGES_SCORES[field]})
    )
    assert not np.allclose(base, changed)


def test_patience_and_validation_users_are_obeyed(two_tastes, text, interactions):
    later = interactions([[(10 * (user % 2) + 5)] for user in range(60)], n_items=21)
    for patience in (1, 3):
        report = fitted(two_tastes, text, later, max_epochs=30, learning_rate=1e-9, patience=patience).report
        assert len(report.curve) - report.best_epoch == patience
    curves = [fitted(two_tastes, text, later, n_validation_users=n).report.curve for n in (60, 3)]
    assert curves[0][0]["loss"] == curves[1][0]["loss"]
    assert curves[0] != curves[1]


def test_killed_it_resumes_to_identical_vectors_and_not_with_other_texts(two_tastes, text, tmp_path):
    undisturbed = fitted(two_tastes, text, n_epochs=4)
    fitted(two_tastes, text, folder=tmp_path, n_epochs=4)
    again = fitted(two_tastes, text, folder=tmp_path, n_epochs=4)
    np.testing.assert_array_equal(again.items, undisturbed.items)
    other = fitted(two_tastes, text[::-1], folder=tmp_path, n_epochs=4)
    np.testing.assert_array_equal(other.items, fitted(two_tastes, text[::-1], n_epochs=4).items)

    def kill(what, done, total):
        if done > 0.5 * total:
            raise KeyboardInterrupt

    killed = AlphaRec(undisturbed.config, tmp_path / "killed")
    killed.describe_items(described(text))
    with pytest.raises(KeyboardInterrupt):
        killed.fit(two_tastes, progress=kill, n_epochs=4)
    resumed = fitted(two_tastes, text, folder=tmp_path / "killed", n_epochs=4)
    np.testing.assert_array_equal(resumed.items, undisturbed.items)


def test_items_without_text_are_counted_and_have_finite_scores(two_tastes, degenerate, text):
    missing = text.copy()
    missing[[0, 20]] = 0
    for text_map in MAPS:
        model = fitted(two_tastes, missing, text_map=text_map)
        assert model.report.notes == {"n_items_without_text": 2}
        assert np.isfinite(model.scores(two_tastes, np.arange(60))).all()
        for what, histories in degenerate.items():
            scores = fitted(histories, text[: histories.n_items], text_map=text_map).scores(histories, np.arange(1))
            assert np.isfinite(scores).all(), what


def test_the_map_without_torch_is_torchs():
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.LeakyReLU(), torch.nn.Linear(5, 3))
    weights = {f"map.{name}": part.numpy() for name, part in layers.state_dict().items()}
    x = torch.randn(9, 6)
    np.testing.assert_allclose(TextMap(weights)(x.numpy()), layers(x).detach().numpy(), atol=1e-6)
