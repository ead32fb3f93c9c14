"""Vectors drawn to texts: the losses against loops, every model and kind, and what it does for an item nobody touched."""

import numpy as np
import pytest
import torch

from models.collaborative import text_alignment
from models.collaborative.bpr_mf import BprMf, BprMfConfig
from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.graph_product import adjacency_product
from models.collaborative.lightgcn_network import LightGcnNetwork
from models.collaborative.normalised_graph import normalised_graph
from models.collaborative.text_alignment import TextAlignment
from models.retrieval.history_matrix import history_matrix
from models.retrieval.item_features import ItemFeatures
from models.retrieval.registry import load_retriever, new_retriever
from models.retrieval.user_texts import UserTexts

NAMES = ["bpr_mf", "lightgcn", "ngcf", "simplex", "ultragcn"]
KINDS = ["contrastive", "generative"]
TINY = {"embedding_size": 8, "max_epochs": 2, "n_negatives": 16, "batch_tokens": 128, "warmup_steps": 3}


def features_of_tastes(n_items=21, size=5, seed=0):
    """Texts of two tastes: even the untouched item 20 has one, that of items 0 to 9."""
    rng = np.random.default_rng(seed)
    text = 0.3 * rng.standard_normal((n_items, size)).astype(np.float32)
    text[:10, 0] += 1
    text[10:20, 0] -= 1
    text[20:, 0] += 1
    return ItemFeatures(text, np.full((n_items, 1), -1, np.int32), 1)


def user_texts(histories, features, users=range(0, 60, 3)):
    ids = np.array([histories.user_ids[user] for user in users], dtype=object)
    return UserTexts(ids, np.stack([features.text[histories.history(user)].mean(axis=0) for user in users]))


def fitted(name, histories, features=None, users=None, **settings):
    model = new_retriever(name, TINY | settings)
    if model.reads_item_features:
        model.describe_items(features)
    if users is not None:
        model.describe_users(users)
    model.report = model.fit(histories)
    return model


class TestTheLoss:
    @pytest.fixture
    def parts(self):
        generator = torch.Generator().manual_seed(0)
        draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
        users, items = draw(6, 4), draw(5, 4)
        texts = draw(6, 3), draw(5, 3)
        texts[0][[1, 4]] = 0  # two users without text
        return EmbeddingNetwork(users, items), texts

    @staticmethod
    def info_nce(one, other, temperature):
        one, other = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (one, other))
        total = 0.0
        for i in range(len(one)):
            scores = [np.exp(one[i] @ other[j] / temperature) for j in range(len(one))]
            total -= np.log(scores[i] / sum(scores))
        return total / len(one)

    @staticmethod
    def mapped(alignment, x):
        w1, b1, w2, b2 = (part.detach().numpy() for part in alignment.map.parameters())
        between = x @ w1.T + b1
        return np.where(between > 0, between, 0.01 * between) @ w2.T + b2

    def test_contrastive_is_the_equation(self, parts):
        network, texts = parts
        config = EmbeddingConfig(alignment="contrastive", alignment_temperature=0.3, embedding_size=4)
        alignment = TextAlignment(config, *texts, size=4)
        found = alignment(network(), (network.users, network.items), network.spread).item()
        expected = 0.0
        for vectors, text in zip(network(), texts, strict=True):
            known = text.numpy().any(axis=1)
            expected += self.info_nce(vectors.detach().numpy()[known], self.mapped(alignment, text.numpy()[known]), 0.3)
        assert found == pytest.approx(expected, rel=1e-5)

    @pytest.fixture
    def hides(self, monkeypatch):
        """`hides(n)`: which entries of n vectors are kept, instead of drawn ones; and rows in their order."""
        kept = np.arange(4 * 81).reshape(81, 4) % 4 != 1
        monkeypatch.setattr(torch, "rand", lambda n, d, device: torch.from_numpy(np.where(kept[:n], 0.9, 0.05)))
        monkeypatch.setattr(torch, "randperm", lambda n, device: torch.arange(n))
        return lambda n: kept[:n]

    def test_generative_is_the_equation_with_entries_hidden(self, parts, hides):
        network, texts = parts
        config = EmbeddingConfig(alignment="generative", alignment_temperature=0.3, embedding_size=4, mask_share=0.25)
        alignment = TextAlignment(config, *texts, size=4)
        found = alignment(network(), (network.users, network.items), network.spread).item()
        expected = 0.0
        for vectors, text in zip(network(), texts, strict=True):
            known = text.numpy().any(axis=1)
            hidden = vectors.detach().numpy()[known] * hides(known.sum())
            expected += self.info_nce(self.mapped(alignment, hidden), text.numpy()[known], 0.3)
        assert found == pytest.approx(expected, rel=1e-5)

    def test_what_is_hidden_is_spread_over_the_graph(self, two_tastes, dense, hides):
        rng = np.random.default_rng(0)
        first = rng.standard_normal((81, 4)).astype(np.float32)
        texts = [torch.from_numpy(rng.standard_normal((n, 3)).astype(np.float32)) for n in (60, 21)]
        graph = adjacency_product(normalised_graph(history_matrix(two_tastes, np.arange(60))))
        network = LightGcnNetwork(*torch.from_numpy(first).split([60, 21]), graph, 2)
        alignment = TextAlignment(EmbeddingConfig(alignment="generative", embedding_size=4), *texts, size=4)
        found = alignment(network(), (network.users, network.items), network.spread).item()
        matrix = dense(two_tastes)
        adjacency = np.block([[np.zeros((60, 60)), matrix], [matrix.T, np.zeros((21, 21))]])
        inverse = np.diag(np.maximum(adjacency.sum(axis=1), 1) ** -0.5)
        layers = [first * np.concatenate([hides(60), hides(21)])]
        for _ in range(2):
            layers.append(inverse @ adjacency @ inverse @ layers[-1])
        made = np.split(np.mean(layers, axis=0), [60])
        expected = sum(self.info_nce(self.mapped(alignment, made[i]), texts[i].numpy(), 0.2) for i in (0, 1))
        assert found == pytest.approx(expected, rel=1e-4)

    def test_rows_are_drawn_up_to_the_limit_from_those_that_have_a_text(self, parts, monkeypatch):
        network, texts = parts
        drawn = []
        monkeypatch.setattr(text_alignment, "MOST_ROWS", 3)
        monkeypatch.setattr(
            text_alignment, "one_way_info_nce_loss", lambda one, other, t: drawn.append(one) or one.sum()
        )
        alignment = TextAlignment(EmbeddingConfig(alignment="contrastive", embedding_size=4), *texts, size=4)
        for _ in range(20):
            alignment(network(), (network.users, network.items), network.spread)
        assert {len(rows) for rows in drawn} == {3}
        users = torch.cat(drawn[0::2]).detach()
        known = {tuple(row.tolist()) for row in network.users[[0, 2, 3, 5]].detach()}
        assert {tuple(row.tolist()) for row in users} == known

    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_to_align_costs_nothing(self, parts, kind):
        network, texts = parts
        config = EmbeddingConfig(alignment=kind, embedding_size=4)
        alignment = TextAlignment(config, *(torch.zeros_like(text) for text in texts), size=4)
        assert alignment(network(), (network.users, network.items), network.spread).item() == 0.0


@pytest.mark.parametrize("name", NAMES)
class TestEveryModel:
    def test_either_kind_changes_what_is_learned_and_none_does_not(self, two_tastes, name):
        features = features_of_tastes()
        plain, other = fitted(name, two_tastes), fitted(name, two_tastes, alignment_weight=5.0, mask_share=0.9)
        np.testing.assert_array_equal(plain.items, other.items)
        np.testing.assert_array_equal(plain.users, other.users)
        assert plain._weights.keys() == {key for key in plain._weights if not key.startswith("alignment")}
        found = [fitted(name, two_tastes, features, alignment=kind, alignment_weight=1.0).items for kind in KINDS]
        assert not np.allclose(found[0], plain.items)
        assert not np.allclose(found[1], plain.items)
        assert not np.allclose(*found)

    @pytest.mark.parametrize("kind", KINDS)
    def test_two_tastes_are_still_told_apart(self, two_tastes, name, kind):
        learns = {"max_epochs": 40, "learning_rate": 0.03, "alignment": kind, "start": "random"}
        learns |= {"margin": -0.5, "negative_weight": 1.0} if name == "simplex" else {}
        learns |= {"negative_weight": 3.0} if name == "ultragcn" else {}
        scores = fitted(name, two_tastes, features_of_tastes(), **learns).scores(two_tastes, np.arange(60))
        right = []
        for user in range(60):
            own = np.arange(10) + 10 * (user % 2)
            unseen, others = np.setdiff1d(own, two_tastes.history(user)), np.setdiff1d(np.arange(20), own)
            right.append(scores[user, unseen][:, None] > scores[user, others])
        assert np.mean(right) > 0.98

    @pytest.mark.parametrize("kind", KINDS)
    def test_saved_it_needs_no_texts_and_goes_on_with_them(self, two_tastes, tmp_path, name, kind):
        features = features_of_tastes()
        model = fitted(name, two_tastes, features, alignment=kind)
        model.save(tmp_path)
        loaded = load_retriever(tmp_path)
        np.testing.assert_array_equal(loaded.scores(two_tastes, np.arange(9)), model.scores(two_tastes, np.arange(9)))
        found = []
        for start in (model, loaded):
            continued = new_retriever(name, TINY | {"alignment": kind})
            continued.describe_items(features)
            continued.start_from(start, np.arange(21))
            continued.fit(two_tastes, n_epochs=1)
            found.append(continued._weights["alignment.map.0.weight"])
        torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)
        assert not torch.allclose(found[0], model._weights["alignment.map.0.weight"])


CHANGES = {
    "alignment_weight": 3.0,
    "alignment_temperature": 1.0,
    "mask_share": 0.6,
}


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_setting_changes_the_vectors(two_tastes, field):
    features = features_of_tastes()
    base, changed = (
        fitted("lightgcn", two_tastes, features, alignment="generative", **change).items
        for change in ({}, {field: CHANGES[field]})
    )
    assert not np.allclose(base, changed)


def test_users_are_aligned_where_their_texts_are_given_and_wanted(two_tastes):
    features = features_of_tastes()
    users = user_texts(two_tastes, features)
    with_users, without = (
        fitted("bpr_mf", two_tastes, features, given, alignment="contrastive") for given in (users, None)
    )
    assert not np.allclose(with_users.users, without.users)
    assert with_users.report.notes == {"n_users_aligned": 20, "n_items_aligned": 21}
    assert without.report.notes == {"n_users_aligned": 0, "n_items_aligned": 21}
    items_alone = BprMf(BprMfConfig(alignment="contrastive", align_users=False))
    assert items_alone.reads_item_features and not items_alone.reads_user_texts
    with pytest.raises(TypeError, match="bpr_mf does not look at what users' profiles say"):
        items_alone.describe_users(users)


def test_texts_of_users_and_items_of_two_encoders_are_refused(two_tastes):
    other = UserTexts(np.array(["u1"], dtype=object), np.ones((1, 7), np.float32))
    with pytest.raises(ValueError, match="7 dimensions for users, of 5 for items"):
        fitted("bpr_mf", two_tastes, features_of_tastes(), other, alignment="contrastive")


def test_missing_features_are_said(two_tastes):
    with pytest.raises(ValueError, match="lightgcn needs the features of 21 items, found none"):
        new_retriever("lightgcn", TINY | {"alignment": "contrastive"}).fit(two_tastes)


@pytest.mark.parametrize("changed", ["items", "users"])
def test_a_checkpoint_of_other_texts_is_not_continued(two_tastes, tmp_path, changed):
    config, features = BprMfConfig(**TINY, alignment="contrastive"), features_of_tastes()
    users = user_texts(two_tastes, features)
    other = features_of_tastes(seed=1)
    given = (other, users) if changed == "items" else (features, user_texts(two_tastes, other))
    curves = []
    for folder, texts in ((tmp_path, (features, users)), (tmp_path, given), (None, given)):
        model = BprMf(config, checkpoint_folder=folder)
        model.describe_items(texts[0])
        model.describe_users(texts[1])
        curves.append(model.fit(two_tastes).curve)
    assert curves[1] == curves[2] != curves[0]


class TestItemsNobodyTouched:
    """Four tastes of 20 items that 50 users each touch, and of 5 that nobody has; texts say whose an item is."""

    @pytest.fixture(scope="class")
    def world(self, interactions):
        rng = np.random.default_rng(1)
        taste, is_new = np.arange(100) // 25, np.arange(100) % 25 >= 20
        own = [np.flatnonzero((taste == user % 4) & ~is_new) for user in range(200)]
        train = interactions([rng.permutation(items)[:8].tolist() for items in own], n_items=100)
        centres = rng.standard_normal((4, 16))
        text = (centres / np.linalg.norm(centres, axis=1, keepdims=True))[taste] + 0.15 * rng.standard_normal((100, 16))
        return train, ItemFeatures(text.astype(np.float32), np.full((100, 1), -1, np.int32), 1), taste, is_new

    @pytest.fixture(scope="class")
    def own_among_nearest(self, world):
        """Of the ten touched items nearest to a new one, how many are of its taste; by chance a quarter."""
        train, features, taste, is_new = world

        def share(name, kind):
            learns = {"embedding_size": 16, "max_epochs": 40, "batch_tokens": 256, "learning_rate": 0.02}
            learns |= {"warmup_steps": 5, "alignment": kind, "alignment_weight": 1.0, "n_negatives": 64}
            vectors = fitted(name, train, features, **learns).items
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            nearest = np.argsort(-(vectors[is_new] @ vectors[~is_new].T), axis=1)[:, :10]
            return (taste[~is_new][nearest] == taste[is_new][:, None]).mean()

        return share

    @pytest.mark.parametrize("name", ["bpr_mf", "lightgcn"])
    def test_come_near_those_that_read_like_them(self, own_among_nearest, name):
        without = own_among_nearest(name, "none")
        assert without < 0.3
        for kind in KINDS:
            assert own_among_nearest(name, kind) > without + 0.2, kind
