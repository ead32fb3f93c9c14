"""One contract, run over every registered retriever."""

from dataclasses import replace

import numpy as np
import pytest

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.retrieval.contract import Retriever
from models.retrieval.interests import largest_products
from models.retrieval.item_features import ItemFeatures
from models.retrieval.recommend import recommend
from models.retrieval.recommend_by_index import top_k_by_index
from models.retrieval.registry import RETRIEVERS, config_class, load_retriever, retriever_class

QUICK = {"embedding_size": 32, "max_epochs": 12, "dropout": 0.2, "n_negatives": 64, "learning_rate": 5e-3}

SMALL = {
    "ease": {"l2": 10.0},
    "bert4rec": QUICK | {"max_epochs": 40},
    "gru4rec": QUICK,
    "hstu": QUICK,
    "m2trec": QUICK | {"max_epochs": 30},
    "multi_interest": QUICK | {"n_interests": 3},
    "sasrec": QUICK,
    "two_tower": QUICK | {"max_epochs": 25},
    "graph_filter": {"n_factors": 8},
    "bpr_mf": {"embedding_size": 16, "batch_tokens": 512, "learning_rate": 0.02, "n_negatives": 8},
    "lightgcn": {"embedding_size": 16, "batch_tokens": 512, "learning_rate": 0.02, "n_negatives": 64},
    "simplex": {
        "embedding_size": 16,
        "batch_tokens": 512,
        "learning_rate": 0.02,
        "margin": -0.5,
        "negative_weight": 1.0,
    },
    "ultragcn": {"embedding_size": 16, "batch_tokens": 512, "learning_rate": 0.02, "negative_weight": 3.0},
    "alpharec": {"embedding_size": 16, "batch_tokens": 512, "learning_rate": 0.02, "n_negatives": 64},
    "ngcf": {"embedding_size": 16, "batch_tokens": 512, "learning_rate": 0.01, "n_negatives": 64},
}
"""Settings for data this small, where the defaults are not meant for it."""

PERSONAL_MARGIN = 0.1
"""By how much NDCG@10 a personal retriever has to beat recent popularity on the planted data."""

NOT_PERSONAL = {"popularity", "recent_popularity", "decayed_popularity"}


def new(name: str) -> Retriever:
    return retriever_class(name)(config_class(name)(**SMALL.get(name, {})))


def next_item_ndcg(retriever: Retriever, histories, targets) -> float:
    users = np.flatnonzero(histories.lengths() > 1)
    items, _ = recommend(retriever, histories, users, k=10)
    return float(((items == targets[users, None]) / np.log2(np.arange(2, 12))).sum(axis=1).mean())


@pytest.fixture(scope="module")
def fit(described):
    def fit_one(retriever: Retriever, train) -> Retriever:
        described(retriever, train).fit(train)
        return retriever

    return fit_one


@pytest.fixture(scope="module")
def fitted(planted, fit):
    return {name: fit(new(name), planted[0]) for name in RETRIEVERS}


@pytest.mark.parametrize("name", sorted(RETRIEVERS))
class TestRetrieverContract:
    def test_name_is_the_registered_one(self, name):
        assert retriever_class(name).name == name
        assert retriever_class(name).Config is config_class(name)

    def test_scores_are_finite_float32_of_every_item(self, name, fitted, planted):
        histories, _ = planted
        scores = fitted[name].scores(histories, np.array([5, 0, 1]))
        assert scores.shape == (3, histories.n_items)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_beats_recent_popularity_if_personal(self, name, fitted, planted):
        if name in NOT_PERSONAL:
            scores = fitted[name].scores(planted[0], np.arange(9))
            assert (scores == scores[0]).all()
            return
        bar = next_item_ndcg(fitted["recent_popularity"], *planted)
        assert next_item_ndcg(fitted[name], *planted) > bar + PERSONAL_MARGIN

    def test_recommends_neither_seen_nor_disallowed_items(self, name, fitted, planted):
        histories, _ = planted
        allowed = np.ones(histories.n_items, dtype=bool)
        allowed[::3] = False
        users = np.arange(histories.n_users)
        items, _ = recommend(fitted[name], histories, users, k=12, allowed=allowed)
        for user in users:
            listed = items[user][items[user] >= 0]
            assert len(listed) == 12
            assert len(set(listed)) == len(listed)
            assert allowed[listed].all()
            assert not set(listed) & set(histories.history(user))

    def test_recommending_leaves_the_scores_alone(self, name, fitted, planted):
        """They may be written into, so they must not be held anywhere."""
        users = np.arange(planted[0].n_users)
        before = fitted[name].scores(planted[0], users).copy()
        recommend(fitted[name], planted[0], users, k=3)
        np.testing.assert_array_equal(fitted[name].scores(planted[0], users), before)

    def test_saves_and_loads_to_identical_scores(self, name, fitted, planted, tmp_path):
        histories, _ = planted
        fitted[name].save(tmp_path)
        loaded = load_retriever(tmp_path)
        users = np.arange(0, histories.n_users, 7)
        assert type(loaded) is retriever_class(name)
        assert loaded.config == fitted[name].config
        np.testing.assert_array_equal(loaded.scores(histories, users), fitted[name].scores(histories, users))
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} <= {".json", ".npy", ".safetensors"}

    def test_same_seed_gives_the_same_model(self, name, fitted, planted, fit):
        histories, _ = planted
        users = np.arange(10)
        again = fit(new(name), histories)
        np.testing.assert_array_equal(again.scores(histories, users), fitted[name].scores(histories, users))

    def test_fits_one_user_with_one_item(self, name, interactions, fit):
        one = interactions([[0]], n_items=1)
        retriever = fit(new(name), one)
        assert np.isfinite(retriever.scores(one, np.array([0]))).all()
        items, scores = recommend(retriever, one, np.array([0]), k=3)
        assert items.tolist() == [[-1, -1, -1]]
        assert np.isneginf(scores).all()

    def test_fits_one_user(self, name, interactions, fit):
        one = interactions([[0, 2, 4, 1]], n_items=6)
        items, _ = recommend(fit(new(name), one), one, np.array([0]), k=6)
        assert sorted(items[0][:2].tolist()) == [3, 5]
        assert items[0][2:].tolist() == [-1] * 4

    def test_fits_one_item_of_many_users(self, name, interactions, fit):
        everyone = interactions([[0]] * 30 + [[0, 0, 0]] * 5, n_items=1)
        retriever = fit(new(name), everyone)
        assert np.isfinite(retriever.scores(everyone, np.arange(35))).all()
        items, _ = recommend(retriever, everyone, np.arange(35), k=2)
        assert (items == -1).all()

    def test_fits_users_who_are_all_identical(self, name, interactions, fit):
        alike = interactions([[0, 1, 2, 3]] * 40, n_items=7)
        retriever = fit(new(name), alike)
        scores = retriever.scores(alike, np.arange(40))
        assert np.isfinite(scores).all()
        if not hasattr(retriever, "_row_of"):  # those have a drawn vector for each user
            np.testing.assert_allclose(scores, scores[:1].repeat(40, axis=0), rtol=1e-4, atol=1e-6)
        items, _ = recommend(retriever, alike, np.arange(40), k=3)
        assert (np.sort(items, axis=1) == [4, 5, 6]).all()

    def test_a_user_with_one_event_gets_a_full_list_without_it(self, name, fitted, planted):
        items, _ = recommend(fitted[name], planted[0], np.array([1]), k=10)
        assert (items >= 0).all()
        assert planted[0].history(1)[0] not in items[0]

    def test_a_history_longer_than_any_window(self, name, interactions, fit):
        """Of a user among ordinary ones; sequential models read the newest 50, none the whole at once."""
        rng = np.random.default_rng(2)
        ordinary = [rng.permutation(30)[:5].tolist() for _ in range(40)]
        train = interactions([rng.integers(25, size=1_500).tolist(), *ordinary], n_items=30)
        retriever = fit(new(name), train)
        assert np.isfinite(retriever.scores(train, np.arange(3))).all()
        items, _ = recommend(retriever, train, np.array([0]), k=5)
        assert set(items[0].tolist()) == {25, 26, 27, 28, 29}

    def test_text_vectors_that_are_not_finite_are_refused_before_the_fit(self, name):
        """Where they matter at all."""
        text = np.zeros((3, 2), dtype=np.float32)
        text[2, 1] = np.nan
        with pytest.raises(ValueError, match="text vectors of 1 items are not finite, the first at place 2"):
            new(name).describe_items(ItemFeatures(text, np.zeros((3, 1), np.int32), 1))

    def test_fits_when_nobody_touched_anything(self, name, interactions, fit):
        nothing = interactions([[], []], n_items=4)
        assert np.isfinite(fit(new(name), nothing).scores(nothing, np.array([0, 1]))).all()

    def test_user_without_history_gets_a_full_list(self, name, fitted, planted):
        items, _ = recommend(fitted[name], planted[0], np.array([0]), k=10)
        assert (items >= 0).all()

    def test_untouched_item_is_no_favourite(self, name, fitted, planted):
        histories, _ = planted
        items, _ = recommend(fitted[name], histories, np.arange(2, histories.n_users), k=5)
        assert (items == histories.n_items - 1).mean() < 0.02

    def test_a_user_who_was_not_in_the_training_gets_items_of_their_taste(self, name, fitted, planted):
        """As docs/retrievers.md says; nobody of these ids was trained on."""
        if name in NOT_PERSONAL:
            return
        histories = replace(
            planted[0], user_ids=np.array([f"new {user}" for user in planted[0].user_ids], dtype=object)
        )
        users = np.flatnonzero(histories.lengths() > 4)
        items, _ = recommend(fitted[name], histories, users, k=3)
        own = (items >= 20) == (histories.items[histories.offsets[users]] >= 20)[:, None]
        assert own.mean() > 0.8

    def test_a_user_without_a_history_scores_alike_everywhere(self, name, fitted, planted):
        scores = fitted[name].scores(planted[0], np.array([0]))
        assert name in NOT_PERSONAL or not scores.any()

    def test_no_users_gives_no_rows(self, name, fitted, planted):
        histories, _ = planted
        assert fitted[name].scores(histories, np.zeros(0, dtype=np.int64)).shape == (0, histories.n_items)

    def test_because_of_names_history_items(self, name, fitted, planted):
        histories, _ = planted
        history = histories.history(9)
        because = fitted[name].because_of(history, np.array([0, 25, 40]))
        assert because.dtype == np.int32
        assert set(because.tolist()) <= set(history.tolist()) | {-1}
        assert fitted[name].because_of(history[:0], np.array([1, 2])).tolist() == [-1, -1]

    def test_features_are_refused_where_they_do_not_matter(self, name, planted, described):
        retriever = new(name)
        if retriever.reads_item_features:
            with pytest.raises(ValueError, match="features of 41 items, found none"):
                retriever.fit(planted[0])
            return
        with pytest.raises(TypeError, match=name):
            retriever.describe_items(ItemFeatures(np.zeros((41, 1), np.float32), np.zeros((41, 1), np.int32), 1))

    def test_vectors_multiply_to_scores(self, name, fitted, planted):
        retriever, users = fitted[name], np.array([0, 3, 8])
        if not retriever.has_vectors:
            with pytest.raises(TypeError, match=name):
                retriever.item_vectors()
            with pytest.raises(TypeError, match=name):
                retriever.user_vectors(planted[0], users)
            return
        assert retriever.user_vectors(planted[0], users).shape == (3, retriever.item_vectors().shape[1])
        vectors = retriever.score_vectors(planted[0], users)
        products = (vectors @ retriever.item_vectors().T).max(axis=1)
        np.testing.assert_allclose(products, retriever.scores(planted[0], users), rtol=1e-5, atol=1e-6)
        items = np.array([[0, 40], [7, -1], [39, 3]])
        found = largest_products(vectors, retriever.item_vectors(), items)
        expected = np.where(items >= 0, np.take_along_axis(products, items, axis=1), -np.inf)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    def test_interests_are_shares_of_a_user_and_none_without_a_history(self, name, fitted, planted):
        retriever, users = fitted[name], np.array([0, 3, 8])
        if not retriever.draws_in_proportion:
            with pytest.raises(TypeError, match=name):
                retriever.interests(planted[0], users)
            return
        found = retriever.interests(planted[0], users)
        assert found.vectors.shape == (*found.weights.shape, retriever.item_vectors().shape[1])
        assert (found.vectors.dtype, found.weights.dtype) == (np.float32, np.float32)
        assert np.isfinite(found.vectors).all()
        assert (found.weights >= 0).all()
        np.testing.assert_allclose(found.weights.sum(axis=1), [0, 1, 1], rtol=1e-5)
        alone = retriever.interests(planted[0], users[1:2])
        np.testing.assert_allclose(alone.weights[0], found.weights[1], rtol=1e-4, atol=1e-5)

    def test_an_index_that_misses_nothing_finds_the_same_lists(self, name, fitted, planted):
        retriever, users = fitted[name], np.arange(0, 40)
        if not retriever.has_vectors:
            return
        index = build_index(retriever.item_vectors(), AnnIndexConfig(kind="flat"))
        exact, exact_scores = recommend(retriever, planted[0], users, k=6)
        found, scores = top_k_by_index(retriever, index, planted[0], users, k=6)
        np.testing.assert_allclose(scores, exact_scores, rtol=1e-4, atol=1e-5)
        assert (found == exact).mean() > 0.95
