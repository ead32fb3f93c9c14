from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.retrieval.by_cosine import compared_by
from models.retrieval.knn_embed import KnnEmbed, KnnEmbedConfig
from models.retrieval.recommend import recommend
from models.retrieval.recommend_by_index import index_queries, top_k_by_index
from models.retrieval.registry import load_retriever

BASE = {"embedding_size": 8, "n_iterations": 8}
N_A = 40


def fitted(train, **settings):
    retriever = KnnEmbed(KnnEmbedConfig(**{"base_settings": BASE, "n_clusters": 2} | settings))
    retriever.fit(train)
    return retriever


@pytest.fixture(scope="module")
def two_tastes(interactions):
    """Items 0-39 and 40-79, users of the one, users of the other, and 30 with 14 of the one and 6 of the other."""
    rng = np.random.default_rng(0)
    pure = [(rng.choice(N_A, 12, replace=False) + N_A * (user % 2)).tolist() for user in range(120)]
    mixed = [
        [*rng.choice(N_A, 14, replace=False).tolist(), *(rng.choice(N_A, 6, replace=False) + N_A).tolist()]
        for _ in range(30)
    ]
    return interactions(pure + mixed, n_items=2 * N_A)


MIXED = np.arange(120, 150)


def share_of_the_smaller(items):
    return float((items >= N_A).mean())


def test_lists_have_the_proportion_of_the_history_and_those_of_the_base_do_not(two_tastes):
    retriever = fitted(two_tastes, n_neighbours=0)
    items, scores = recommend(retriever, two_tastes, MIXED, k=10)
    assert ((items >= N_A).sum(axis=1) == 3).all()
    alone, _ = recommend(retriever.base, two_tastes, MIXED, k=10)
    assert ((alone >= N_A).sum(axis=1) == 3).mean() < 0.5
    assert (np.diff(scores, axis=1) <= 0).all()


def test_what_was_drawn_has_the_score_of_the_base(two_tastes):
    retriever = fitted(two_tastes)
    items, scores = recommend(retriever, two_tastes, MIXED, k=10)
    expected = np.take_along_axis(retriever.base.scores(two_tastes, MIXED), items, axis=1)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("metric", ["inner_product", "cosine"])
def test_through_an_index_the_same_are_drawn(two_tastes, metric):
    retriever = compared_by(metric, fitted(two_tastes))
    index = build_index(retriever.item_vectors(), AnnIndexConfig(kind="flat", metric=metric))
    allowed = np.arange(2 * N_A) % 3 > 0
    exact = recommend(retriever, two_tastes, MIXED, k=8, allowed=allowed)
    found = top_k_by_index(retriever, index, two_tastes, MIXED, k=8, allowed=allowed)
    assert np.array_equal(found[0], exact[0])
    np.testing.assert_allclose(found[1], exact[1], rtol=1e-4, atol=1e-5)
    assert share_of_the_smaller(found[0]) > 0.2


def test_an_index_is_asked_for_the_interests(two_tastes, interactions):
    retriever = fitted(two_tastes)
    histories = interactions([two_tastes.history(0).tolist(), [], two_tastes.history(130).tolist()], 2 * N_A)
    queries, users = index_queries(retriever, histories, np.array([2, 1, 0]))
    assert users.tolist() in ([2, 2, 1, 0], [2, 2, 1, 0, 0])
    assert not queries[2].any()
    base_queries, base_users = index_queries(retriever.base, histories, np.array([2, 1]))
    assert base_users.tolist() == [2, 1]
    np.testing.assert_array_equal(base_queries, retriever.base.user_vectors(histories, np.array([2, 1])))


def test_a_cluster_that_runs_short_is_filled_up(two_tastes):
    """Of the smaller taste one item is left to draw."""
    retriever = fitted(two_tastes)
    allowed = np.arange(2 * N_A) < N_A
    allowed[N_A + 3] = True
    items, _ = recommend(retriever, two_tastes, MIXED, k=10, allowed=allowed)
    assert (items >= 0).all()
    assert all(len(set(row)) == 10 for row in items.tolist())
    assert ((items >= N_A).sum(axis=1) <= 1).all()
    nothing_left, scores = recommend(retriever, two_tastes, MIXED, k=60)
    assert (nothing_left[:, -1] >= 0).all()
    everything, scores = recommend(retriever, two_tastes, MIXED, k=70)
    assert (everything[:, 60:] == -1).all()
    assert np.isneginf(scores[:, 60:]).all()


def test_neighbours_smooth_the_mixture(two_tastes, interactions):
    """Somebody with three items of the one taste whose neighbours are told to be people with both."""
    short = [two_tastes.history(user)[:3].tolist() for user in MIXED]
    histories = interactions(short, 2 * N_A)
    users = np.arange(len(short))
    alone = fitted(two_tastes, n_neighbours=0).interests(histories, users)
    both = fitted(two_tastes, n_neighbours=40, own_weight=0.2).interests(histories, users)
    assert (alone.weights.max(axis=1) == 1).all()
    assert (both.weights.max(axis=1) < 1).mean() > 0.8
    assert np.array_equal(fitted(two_tastes, own_weight=1.0).interests(histories, users).weights, alone.weights)


def test_a_user_of_the_training_is_no_neighbour_of_their_own(two_tastes):
    retriever = fitted(two_tastes, n_neighbours=1, own_weight=0.0)
    known = retriever.interests(two_tastes, MIXED)
    strangers = replace(two_tastes, user_ids=np.array([f"new {user}" for user in two_tastes.user_ids], dtype=object))
    copies = retriever.interests(strangers, MIXED)
    alone = fitted(two_tastes, n_neighbours=0).interests(two_tastes, MIXED)
    np.testing.assert_allclose(copies.weights, alone.weights, rtol=1e-5)
    assert not np.allclose(known.vectors, alone.vectors)


def test_identical_users_have_identical_lists(interactions):
    same = interactions([[0, 1, 2, 6, 7]] * 6, n_items=12)
    retriever = fitted(same, n_neighbours=3)
    items, _ = recommend(retriever, same, np.arange(6), k=4)
    assert (items == items[0]).all()
    assert not np.isin(items, [0, 1, 2, 6, 7]).any()


CHANGES_INTERESTS = {
    "base_settings": BASE | {"l2": 1.0},
    "n_clusters": 5,
    "cluster_metric": "euclidean",
    "cluster_iterations": 1,
    "n_interests": 1,
    "n_neighbours": 2,
    "own_weight": 0.9,
    "user_share": 0.0,
    "n_reference_users": 20,
    "seed": 3,
    "base": "bpr_mf",
}


def test_every_setting_is_tested():
    assert set(CHANGES_INTERESTS) == set(KnnEmbedConfig.model_fields)


@pytest.mark.parametrize(("field", "value"), CHANGES_INTERESTS.items())
def test_setting_changes_the_interests(two_tastes, field, value):
    base = {"n_clusters": 7, "cluster_iterations": 2}
    more = {"base_settings": {"embedding_size": 8, "max_epochs": 1}} if field == "base" else {}
    one = fitted(two_tastes, **base).interests(two_tastes, MIXED)
    other = fitted(two_tastes, **base | more | {field: value}).interests(two_tastes, MIXED)
    same = one.vectors.shape == other.vectors.shape and np.allclose(one.vectors, other.vectors, atol=1e-6)
    assert not same or not np.allclose(one.weights, other.weights)


def test_a_trained_base_is_stored_with_it(two_tastes, tmp_path):
    settings = {"embedding_size": 8, "max_epochs": 2, "dropout": 0.1}
    retriever = fitted(two_tastes, base="sasrec", base_settings=settings)
    assert retriever.base.config.max_epochs == 2
    retriever.save(tmp_path)
    loaded = load_retriever(tmp_path)
    for one, other in zip(*(recommend(model, two_tastes, MIXED, 5) for model in (retriever, loaded)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_base_that_reads_what_items_are_is_told(two_tastes, described, tmp_path):
    settings = {"embedding_size": 8, "max_epochs": 1}
    retriever = described(KnnEmbed(KnnEmbedConfig(base="two_tower", base_settings=settings)), two_tastes)
    assert not KnnEmbed(KnnEmbedConfig()).reads_item_features
    retriever.fit(two_tastes)
    retriever.save(tmp_path)
    items, _ = recommend(load_retriever(tmp_path), two_tastes, MIXED, k=10)
    np.testing.assert_array_equal(items, recommend(retriever, two_tastes, MIXED, k=10)[0])


def test_the_report_is_the_bases_with_the_number_of_clusters(two_tastes):
    retriever = KnnEmbed(KnnEmbedConfig(base="sasrec", base_settings={"max_epochs": 2}, n_clusters=500))
    report = retriever.fit(two_tastes, n_epochs=1)
    assert len(report.curve) == 1
    assert 2 < report.notes["n_clusters"] <= 2 * N_A


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base": "ease"}, "base: ease cannot be it"),
        ({"base": "knn_embed"}, "base: knn_embed cannot be it"),
        ({"base": "ials9"}, "base: there is no retriever 'ials9'"),
        ({"base_settings": {"size": 3}}, r"base_settings\.size: Extra inputs"),
        ({"base_settings": {"l2": -1}}, r"base_settings\.l2: Input should be greater than 0"),
    ],
)
def test_a_base_that_cannot_be_is_refused_when_settings_are_read(settings, words):
    with pytest.raises(ValidationError, match=words):
        KnnEmbedConfig(**settings)
