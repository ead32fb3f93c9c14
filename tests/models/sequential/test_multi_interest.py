import numpy as np
import pytest
import torch

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.retrieval.by_cosine import compared_by
from models.retrieval.recommend import recommend
from models.retrieval.recommend_by_index import index_queries, top_k_by_index
from models.retrieval.registry import load_retriever
from models.sequential.batches import Sequences
from models.sequential.multi_interest import MultiInterest, MultiInterestConfig
from models.sequential.multi_interest_network import alikeness
from models.sequential.sasrec import SASRec, SASRecConfig

TINY = {"embedding_size": 16, "max_epochs": 2, "n_negatives": 32, "max_length": 8, "warmup_steps": 3}
TASTES = {
    "embedding_size": 32,
    "dropout": 0.1,
    "learning_rate": 1e-2,
    "n_negatives": 64,
    "batch_tokens": 512,
}


def fitted(train, n_epochs=None, **settings):
    retriever = MultiInterest(MultiInterestConfig(**settings))
    retriever.fit(train, n_epochs=n_epochs)
    return retriever


@pytest.fixture(scope="module")
def two_tastes(interactions):
    """Four groups of 20 items; everybody has seven items of one group and three of another, in any order."""
    rng = np.random.default_rng(0)
    sequences = []
    for _ in range(300):
        larger, smaller = 20 * rng.choice(4, 2, replace=False)
        own = [*(larger + rng.choice(20, 7, replace=False)), *(smaller + rng.choice(20, 3, replace=False))]
        sequences.append(rng.permutation(own).tolist())
    return interactions(sequences, n_items=80)


USERS = np.arange(100)


@pytest.fixture(scope="module")
def parted(two_tastes):
    return fitted(two_tastes, n_epochs=30, n_interests=4, n_blocks=0, adds_newest=False, **TASTES)


def n_of_the_smaller_taste(histories, items):
    """How many of each user's list are of the group of which they had three items."""
    groups = [np.bincount(histories.history(user) // 20, minlength=4) for user in USERS]
    return np.array([(row // 20 == np.flatnonzero(own == 3)[0]).sum() for row, own in zip(items, groups, strict=True)])


def test_lists_have_the_proportion_of_the_history_and_those_of_one_vector_do_not(two_tastes, parted):
    items, scores = recommend(parted, two_tastes, USERS, k=10)
    assert (n_of_the_smaller_taste(two_tastes, items) == 3).mean() > 0.9
    assert (np.diff(scores, axis=1) <= 0).all()
    single = SASRec(SASRecConfig(temperature=0.07, **TASTES))
    single.fit(two_tastes, n_epochs=30)
    alone, _ = recommend(single, two_tastes, USERS, k=10)
    assert (n_of_the_smaller_taste(two_tastes, alone) == 3).mean() < 0.3


def test_through_an_index_the_same_are_drawn(two_tastes, parted):
    for metric in ("inner_product", "cosine"):
        retriever = compared_by(metric, parted)
        index = build_index(retriever.item_vectors(), AnnIndexConfig(kind="flat", metric=metric))
        exact = recommend(retriever, two_tastes, USERS, k=8)
        found = top_k_by_index(retriever, index, two_tastes, USERS, k=8)
        np.testing.assert_allclose(found[1], exact[1], rtol=1e-4, atol=1e-5)
        assert (found[0] == exact[0]).mean() > 0.99


def test_merged_by_the_largest_score_the_list_is_the_ranking(two_tastes, parted):
    merged = MultiInterest(parted.config.model_copy(update={"merge": "max"}))
    merged._network = parted.network
    items, scores = recommend(merged, two_tastes, USERS, k=10)
    everything = parted.scores(two_tastes, USERS)
    for row, user in enumerate(USERS):
        everything[row, two_tastes.history(user)] = -np.inf
    np.testing.assert_allclose(scores, -np.sort(-everything, axis=1)[:, :10], rtol=1e-5)
    assert not np.array_equal(np.sort(items), np.sort(recommend(parted, two_tastes, USERS, k=10)[0]))
    index = build_index(merged.item_vectors(), AnnIndexConfig(kind="flat"))
    found, found_scores = top_k_by_index(merged, index, two_tastes, USERS, k=10)
    np.testing.assert_allclose(found_scores, scores, rtol=1e-4, atol=1e-5)
    assert all(len(set(row)) == 10 for row in found.tolist())
    assert len(index_queries(merged, two_tastes, USERS)[0]) == 4 * len(USERS)


def test_decorrelation_makes_interests_less_alike(two_tastes):
    found = []
    for weight in (0.0, 5.0):
        retriever = fitted(two_tastes, n_epochs=10, decorrelation_weight=weight, **TASTES)
        found.append(float(alikeness(torch.from_numpy(retriever.score_vectors(two_tastes, USERS)))))
    assert found[1] < found[0] - 0.1


def test_weights_are_the_shares_of_the_items_nearest_to_each_interest(two_tastes):
    retriever = fitted(two_tastes, n_epochs=1, **TINY)
    found, items = retriever.interests(two_tastes, np.array([7, 130])), retriever.item_vectors()
    for row, user in enumerate((7, 130)):
        newest = two_tastes.history(user)[-8:]
        nearest = [int(np.argmax(found.vectors[row] @ items[item])) for item in newest]
        np.testing.assert_allclose(found.weights[row], np.bincount(nearest, minlength=4) / 8)
    mean = (found.weights[:, :, None] * found.vectors).sum(axis=1)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(retriever.user_vectors(two_tastes, np.array([7, 130])), mean, rtol=1e-4, atol=1e-5)


def test_a_history_beyond_the_window_has_no_weight(two_tastes, interactions):
    retriever = fitted(two_tastes, n_epochs=1, **TINY)
    newest = two_tastes.history(130)[-8:].tolist()
    histories = interactions([[*range(40, 60), *newest], newest], n_items=80)
    found = retriever.interests(histories, np.array([0, 1]))
    np.testing.assert_array_equal(found.weights[0], found.weights[1])
    np.testing.assert_allclose(found.vectors[0], found.vectors[1], rtol=1e-5, atol=1e-6)


def test_the_interest_nearest_to_the_target_is_the_one_that_is_trained(two_tastes):
    retriever = fitted(two_tastes, n_epochs=1, **TINY | {"n_negatives": 10_000}, decorrelation_weight=0.0, dropout=0.0)
    pieces = retriever.training_pieces(two_tastes)
    sequences = Sequences.on(torch.device("cpu"), two_tastes.items, two_tastes.times)
    batch = sequences.batch(pieces, np.arange(5))
    interests = retriever.network(batch.items, batch.times)[batch.inside]
    targets, table = batch.targets[batch.inside], retriever.network.table()
    losses = []
    for vectors, target in zip(interests, targets, strict=True):
        nearest = vectors[(vectors @ table[target]).argmax()]
        losses.append(-torch.log_softmax(table @ nearest / 0.07, dim=0)[target])
    loss = retriever.loss(retriever.network, batch)
    torch.testing.assert_close(loss, torch.stack(losses).mean(), rtol=1e-4, atol=1e-5)
    heavier = MultiInterest(retriever.config.model_copy(update={"decorrelation_weight": 2.0}))
    heavier._network = retriever.network
    penalty = heavier.loss(retriever.network, batch) - loss
    torch.testing.assert_close(penalty, 2 * alikeness(interests), rtol=1e-3, atol=1e-4)


def test_identical_users_get_identical_lists(interactions):
    same = interactions([[0, 1, 2, 3]] * 5, n_items=9)
    retriever = fitted(same, n_epochs=2, **TINY)
    items, _ = recommend(retriever, same, np.arange(5), k=3)
    assert (items == items[0]).all()


def test_one_interest_is_one_vector(two_tastes, tmp_path):
    retriever = fitted(two_tastes, n_epochs=1, **TINY, n_interests=1)
    users = np.arange(5)
    assert (retriever.interests(two_tastes, users).weights == 1).all()
    np.testing.assert_allclose(
        retriever.scores(two_tastes, users),
        retriever.user_vectors(two_tastes, users) @ retriever.item_vectors().T,
        rtol=1e-4,
        atol=1e-5,
    )
    retriever.save(tmp_path)
    loaded = load_retriever(tmp_path)
    np.testing.assert_array_equal(loaded.scores(two_tastes, users), retriever.scores(two_tastes, users))
