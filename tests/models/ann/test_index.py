import numpy as np
import pytest

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.ann.index import LEAST_SHARE, AnnIndex
from models.ann.metric import prepared
from models.ann.recall import measured_recall

KINDS = ["flat", "hnsw", "hnsw_sq8", "ivf_flat", "ivf_sq8", "ivf_pq"]
EXACT_SCORES = {"flat", "hnsw", "ivf_flat"}


def best_of(vectors, queries, allowed, k):
    """By hand: positions of the k best of the allowed."""
    scores = np.where(allowed, queries @ vectors.T, -np.inf)
    return np.argsort(-scores, axis=1)[:, :k]


def share_found(found, expected):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found.tolist(), expected.tolist(), strict=True)])


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_inner_products_best_first(vectors, queries, kind):
    found, scores = build_index(vectors, AnnIndexConfig(kind=kind)).search(queries, 10)
    assert (found.dtype, scores.dtype) == (np.int32, np.float32)
    assert (np.diff(scores, axis=1) <= 0).all()
    exact = np.take_along_axis(queries @ vectors.T, found, axis=1)
    stored_as_they_are = kind in EXACT_SCORES
    np.testing.assert_allclose(scores, exact, rtol=1e-4 if stored_as_they_are else 0.02, atol=1e-5)
    assert np.allclose(scores, exact, rtol=1e-4) == stored_as_they_are


@pytest.mark.parametrize("kind", KINDS)
def test_cosine_finds_small_angles_and_scores_are_cosines(vectors, queries, kind):
    index = build_index(vectors, AnnIndexConfig(kind=kind, metric="cosine", ivf_probes=64, refine_factor=16))
    found, scores = index.search(7 * queries, 10)
    cosines = prepared(queries, "cosine") @ prepared(vectors, "cosine").T
    expected = np.argsort(-cosines, axis=1)[:, :10]
    assert share_found(found, expected) >= 0.9
    np.testing.assert_allclose(scores, np.take_along_axis(cosines, found, axis=1), atol=0.02)
    assert share_found(best_of(vectors, queries, True, 10), expected) < 0.7
    assert measured_recall(index, vectors, 7 * queries, 10) == pytest.approx(share_found(found, expected), abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_saves_and_loads_to_identical_answers(vectors, queries, kind, tmp_path):
    index = build_index(vectors, AnnIndexConfig(kind=kind, ivf_probes=3))
    index.save(tmp_path)
    loaded = AnnIndex.load(tmp_path)
    assert loaded.config == index.config
    assert loaded.n_vectors == 2_000
    np.testing.assert_array_equal(loaded.fingerprints, index.fingerprints)
    for allowed in (None, np.arange(2_000) % 3 == 0):
        for answer, expected in zip(loaded.search(queries, 7, allowed), index.search(queries, 7, allowed), strict=True):
            np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_built_twice_is_the_same_file(vectors, kind, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        build_index(vectors, AnnIndexConfig(kind=kind)).save(tmp_path / name)
    for name in ("index.faiss", "fingerprints.npy"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_vectors_than_asked_for(kind):
    found, scores = build_index(np.eye(3, dtype=np.float32), AnnIndexConfig(kind=kind)).search(np.ones((1, 3)), 5)
    assert sorted(found[0, :3].tolist()) == [0, 1, 2]
    assert found[0, 3:].tolist() == [-1, -1]
    assert np.isneginf(scores[0, 3:]).all()


class TestAllowed:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("share", [0.9, 0.3, 0.02])
    def test_only_allowed_are_found_and_the_best_of_them(self, vectors, queries, kind, share):
        allowed = np.random.default_rng(2).random(len(vectors)) < share
        assert (allowed.mean() < LEAST_SHARE) == (share == 0.02)
        index = build_index(vectors, AnnIndexConfig(kind=kind, refine_factor=8))
        found, scores = index.search(queries, 10, allowed)
        assert (found >= 0).all() and allowed[found].all()
        assert (np.diff(scores, axis=1) <= 0).all()
        assert share_found(found, best_of(vectors, queries, allowed, 10)) >= 0.85

    @pytest.mark.parametrize("kind", sorted(EXACT_SCORES))
    def test_of_a_few_allowed_each_is_compared(self, vectors, queries, kind):
        allowed = np.random.default_rng(2).random(len(vectors)) < 0.02
        least = AnnIndexConfig(kind=kind, ivf_probes=1, hnsw_search_breadth=1)
        found, _ = build_index(vectors, least).search(queries, 5, allowed)
        assert share_found(found, best_of(vectors, queries, allowed, 5)) == 1

    @pytest.mark.parametrize("kind", ["ivf_flat", "ivf_sq8", "ivf_pq"])
    def test_a_category_is_searched_harder_than_the_whole(self, vectors, queries, kind):
        """The tenth that lies along one direction: few of the clusters near a query hold any of it."""
        allowed = vectors[:, 0] > np.quantile(vectors[:, 0], 0.9)
        index = build_index(vectors, AnnIndexConfig(kind=kind, ivf_probes=7, refine_factor=8))
        found, _ = index.search(queries, 10, allowed)
        assert share_found(found, best_of(vectors, queries, allowed, 10)) >= 0.93

    @pytest.mark.parametrize("kind", KINDS)
    def test_k_are_found_however_far_away_they_lie(self, vectors, queries, kind):
        """Allowed is what lies opposite to the query: no cluster or link near it leads there."""
        query = queries[:1]
        scores = (query @ vectors.T)[0]
        allowed = scores < np.quantile(scores, 0.1)
        least = AnnIndexConfig(kind=kind, ivf_probes=1, hnsw_search_breadth=1, refine_factor=1)
        found, _ = build_index(vectors, least).search(query, 150, allowed)
        assert len(set(found[0].tolist())) == 150 and allowed[found].all()

    @pytest.mark.parametrize("kind", KINDS)
    def test_of_fewer_allowed_all_are_found(self, vectors, queries, kind):
        index = build_index(vectors, AnnIndexConfig(kind=kind))
        allowed = np.zeros(len(vectors), dtype=bool)
        assert (index.search(queries, 4, allowed)[0] == -1).all()
        allowed[[3, 1_999]] = True
        found, scores = index.search(queries, 4, allowed)
        assert set(map(tuple, np.sort(found, axis=1).tolist())) == {(-1, -1, 3, 1_999)}
        assert np.isneginf(scores[:, 2:]).all() and np.isfinite(scores[:, :2]).all()
