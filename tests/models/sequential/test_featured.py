"""Retrievers whose items are what they are: cold items, settings, and what the encoder reads."""

import numpy as np
import pytest
import torch

from models.retrieval.item_features import ItemFeatures
from models.retrieval.recommend import recommend
from models.retrieval.registry import config_class, load_retriever, retriever_class
from models.sequential.item_encoder import ItemEncoder

FEATURED = ["m2trec", "two_tower"]
TINY = {"embedding_size": 16, "max_epochs": 2, "n_negatives": 32, "max_length": 8, "warmup_steps": 3}
CHANGES_SCORES = {
    "two_tower": {
        "negatives": "popularity",
        "hidden_size": 64,
        "temperature": None,
        "log_q": False,
        "masking_weight": 0.0,
        "masking_share": 0.1,
        "masking_temperature": 1.0,
        "own_vector_dropout": None,
        "loss": "bce",
        "n_negatives": 5,
    },
    "m2trec": {"n_blocks": 1, "n_heads": 4, "own_vector_dropout": 0.5, "temperature": None},
}


@pytest.fixture(scope="module")
def two_tastes(interactions):
    """Users like even or odd items of 0 to 29; 30 and 31 are new. Only the text tells even from odd."""
    rng = np.random.default_rng(0)
    sequences = [(2 * rng.permutation(15)[:8] + user % 2).tolist() for user in range(120)]
    train = interactions(sequences, n_items=32)
    text = rng.standard_normal((32, 6)).astype(np.float32) * 0.3
    text[0::2, 0] += 1
    text[1::2, 0] -= 1
    return train, ItemFeatures(text, np.full((32, 1), -1, np.int32), 1)


def fitted(name, train, features, **settings):
    retriever = retriever_class(name)(config_class(name)(**settings))
    retriever.describe_items(features)
    retriever.fit(train)
    return retriever


@pytest.mark.parametrize("name", FEATURED)
def test_a_new_item_known_by_its_text_alone_is_retrieved(name, two_tastes):
    train, features = two_tastes
    learned = {"embedding_size": 32, "max_epochs": 15, "learning_rate": 5e-3, "dropout": 0.1, "n_negatives": 64}
    retriever = fitted(name, train, features, **learned)
    users = np.arange(train.n_users)
    scores = retriever.scores(train, users)
    own = np.where(users % 2 == 0, 30, 31)
    other = np.where(users % 2 == 0, 31, 30)
    assert (scores[users, own] > scores[users, other]).mean() > 0.95
    items, _ = recommend(retriever, train, users, k=9)
    assert (items % 2 == (users % 2)[:, None]).mean() > 0.8


@pytest.mark.parametrize("name", FEATURED)
def test_saved_vectors_need_no_features(name, two_tastes, tmp_path):
    train, features = two_tastes
    retriever = fitted(name, train, features, **TINY)
    retriever.save(tmp_path)
    np.testing.assert_array_equal(
        load_retriever(tmp_path).scores(train, np.arange(9)), retriever.scores(train, np.arange(9))
    )


@pytest.mark.parametrize(("name", "field"), [(name, field) for name in FEATURED for field in CHANGES_SCORES[name]])
def test_setting_changes_the_scores(two_tastes, name, field):
    base, changed = (
        fitted(name, *two_tastes, **TINY | change).scores(two_tastes[0], np.arange(9))
        for change in ({}, {field: CHANGES_SCORES[name][field]})
    )
    assert not np.allclose(base, changed)


def test_every_setting_of_its_own_is_tested():
    shared = set(config_class("gru4rec").model_fields) - {"hidden_size", "n_layers"}
    assert shared | set(CHANGES_SCORES["two_tower"]) == set(config_class("two_tower").model_fields)
    shared |= set(config_class("sasrec").model_fields)
    assert shared | set(CHANGES_SCORES["m2trec"]) == set(config_class("m2trec").model_fields)


@pytest.mark.parametrize("name", FEATURED)
def test_a_checkpoint_of_other_features_is_not_continued(name, two_tastes, tmp_path):
    train, features = two_tastes
    other = ItemFeatures(features.text[::-1].copy(), features.tokens, features.n_tokens)
    config = config_class(name)(**TINY)
    first = retriever_class(name)(config, checkpoint_folder=tmp_path)
    first.describe_items(features)
    first.fit(train)
    fresh, continued = retriever_class(name)(config), retriever_class(name)(config, checkpoint_folder=tmp_path)
    curves = []
    for retriever in (fresh, continued):
        retriever.describe_items(other)
        curves.append(retriever.fit(train).curve)
    assert curves[0] == curves[1]


@pytest.mark.parametrize("name", FEATURED)
def test_features_of_another_vocabulary_are_refused(name, two_tastes, interactions):
    with pytest.raises(ValueError, match="needs the features of 5 items, found those of 32"):
        fitted(name, interactions([[0, 1, 2]], n_items=5), two_tastes[1])


class TestTheEncoder:
    @pytest.fixture
    def encoder(self):
        torch.manual_seed(0)
        features = ItemFeatures(
            np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32),
            np.array([[0, 1], [0, -1], [-1, -1], [1, -1]], dtype=np.int32),
            2,
        )
        return ItemEncoder(features, size=8, dropout=0.5, own_vector_dropout=0.5).eval()

    def test_equals_the_equation(self, encoder):
        found = encoder(torch.tensor([0, 2]))
        for row, item, tokens in ((0, 0, [1, 2]), (1, 2, [])):
            whole = encoder.of_text(encoder.text[item]) + encoder.own.weight[item]
            if tokens:
                whole = whole + encoder.of_tokens.weight[tokens].mean(0)
            g = encoder.norm(whole)
            expected = g + encoder.narrow(torch.relu(encoder.wide(g)))
            torch.testing.assert_close(found[row], expected)

    def test_hidden_features_do_not_matter(self, encoder):
        items = torch.tensor([0, 1])
        nothing = torch.zeros(2, 3, dtype=torch.bool)
        torch.testing.assert_close(encoder(items, nothing), encoder(items))
        for place in range(3):
            hidden = nothing.clone()
            hidden[0, place] = True
            changed = encoder(items, hidden)
            assert not torch.allclose(changed[0], encoder(items)[0])
            torch.testing.assert_close(changed[1], encoder(items)[1])

    def test_an_items_own_vector_is_left_out_for_the_share_in_training(self, encoder):
        with torch.no_grad():
            encoder.own.weight.fill_(1.0)
        encoder.train()
        kept = encoder._own(torch.zeros(4000, dtype=torch.long))[:, 0]
        assert kept.mean().item() == pytest.approx(0.5, abs=0.05)
        assert encoder.eval()._own(torch.zeros(5, dtype=torch.long)).min() == 1
