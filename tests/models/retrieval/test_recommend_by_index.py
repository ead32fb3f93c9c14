import numpy as np
import pytest

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.errors import UserError
from models.retrieval.by_cosine import compared_by
from models.retrieval.contract import Retriever
from models.retrieval.popularity import PopularityConfig
from models.retrieval.recommend import recommend
from models.retrieval.recommend_by_index import top_k_by_index

N_ITEMS = 60


class FixedVectors(Retriever):
    """Vectors drawn once; counts the users it had to score exactly."""

    name = "fixed_vectors"
    Config = PopularityConfig
    has_vectors = True

    def __init__(self, n_users):
        super().__init__(PopularityConfig())
        rng = np.random.default_rng(0)
        self.items = rng.normal(size=(N_ITEMS, 8)).astype(np.float32)
        self.users = rng.normal(size=(n_users, 8)).astype(np.float32)
        self.n_scored = 0

    def fit(self, *args, **kwargs): ...

    def save(self, folder): ...

    @classmethod
    def load(cls, folder): ...

    def scores(self, histories, users):
        self.n_scored += len(users)
        return self.users[users] @ self.items.T

    def item_vectors(self):
        return self.items

    def user_vectors(self, histories, users):
        return self.users[users]


@pytest.fixture
def world(interactions):
    rng = np.random.default_rng(1)
    histories = interactions([rng.choice(N_ITEMS, n, replace=False).tolist() for n in (0, 1, 5, 10, 57, 60)], N_ITEMS)
    return FixedVectors(histories.n_users), histories


@pytest.mark.parametrize("kind", ["flat", "hnsw", "hnsw_sq8", "ivf_flat", "ivf_sq8", "ivf_pq"])
@pytest.mark.parametrize("masked", [False, True])
def test_exhaustive_index_equals_exact_ranking(world, kind, masked):
    retriever, histories = world
    index = build_index(retriever.items, AnnIndexConfig(kind=kind, ivf_clusters=4, ivf_probes=4, refine_factor=3))
    allowed = np.arange(N_ITEMS) % 2 == 0 if masked else None
    users = np.arange(histories.n_users)
    items, scores = top_k_by_index(retriever, index, histories, users, k=5, allowed=allowed, block_size=4)
    exact_items, exact_scores = recommend(retriever, histories, users, k=5, allowed=allowed)
    np.testing.assert_array_equal(items, exact_items)
    np.testing.assert_allclose(scores, exact_scores, rtol=1e-5)
    assert (items.dtype, scores.dtype) == (np.int32, np.float32)


def test_only_users_left_short_are_ranked_exactly(world):
    retriever, histories = world
    index = build_index(retriever.items, AnnIndexConfig(kind="flat"))
    top_k_by_index(retriever, index, histories, np.arange(4), k=5, overfetch=4)
    assert retriever.n_scored == 0
    top_k_by_index(retriever, index, histories, np.array([4]), k=3, overfetch=1)
    assert retriever.n_scored == 1


def test_few_allowed_items_are_found_without_exact_ranking(world):
    """FAISS is told which items may be found, so a narrow filter does not leave the lists short."""
    retriever, histories = world
    index = build_index(retriever.items, AnnIndexConfig(kind="flat"))
    allowed = np.arange(N_ITEMS) >= 53
    items, _ = top_k_by_index(retriever, index, histories, np.array([0, 1]), k=5, allowed=allowed, overfetch=2)
    assert (items >= 53).all()
    assert retriever.n_scored == 0


def test_index_of_another_catalogue_is_refused(world):
    retriever, histories = world
    index = build_index(retriever.items[:-1], AnnIndexConfig(kind="flat"))
    with pytest.raises(UserError, match="holds 59 vectors, the vocabulary 60"):
        top_k_by_index(retriever, index, histories, np.array([0]), k=3)


def test_index_of_vectors_that_were_trained_again_is_refused(world):
    retriever, histories = world
    index = build_index(retriever.items, AnnIndexConfig(kind="flat"))
    retriever.items = retriever.items.copy()
    retriever.items[7] *= 1.0001
    with pytest.raises(UserError, match=f"1 of 60 items have other vectors .*: {histories.item_ids[7]}\\. Materialise"):
        top_k_by_index(retriever, index, histories, np.array([0]), k=3)


def test_a_user_whose_vector_is_not_finite_is_named(world):
    retriever, histories = world
    index = build_index(retriever.items, AnnIndexConfig(kind="flat"))
    retriever.users[3, 2] = np.nan
    with pytest.raises(
        UserError, match=f"user vectors of fixed_vectors: 1 of 2 .* not finite: {histories.user_ids[3]}"
    ):
        top_k_by_index(retriever, index, histories, np.array([0, 3]), k=3)


def test_by_cosine_the_index_finds_what_exact_ranking_finds(world):
    retriever, histories = world
    by_angle = compared_by("cosine", retriever)
    index = build_index(by_angle.item_vectors(), AnnIndexConfig(kind="flat", metric="cosine"))
    users = np.array([0, 1, 4])
    items, scores = top_k_by_index(by_angle, index, histories, users, k=3)
    exact_items, exact_scores = recommend(by_angle, histories, users, k=3)
    np.testing.assert_array_equal(items, exact_items)
    np.testing.assert_allclose(scores, exact_scores, rtol=1e-5)
    assert (items != recommend(retriever, histories, users, k=3)[0]).any()
    assert compared_by("inner_product", retriever) is retriever
