import faiss
import numpy as np
import pytest

from models.ann.config import AnnIndexConfig
from models.ann.index import AnnIndex, build_index
from models.ann.recall import measured_recall
from models.errors import UserError

KINDS = ["flat", "hnsw", "ivf_flat"]


@pytest.fixture(scope="module")
def vectors():
    """Clustered, and of very different lengths: the hard case for inner products."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 16))
    points = centres[rng.integers(20, size=2_000)] + 0.5 * rng.normal(size=(2_000, 16))
    return (points * rng.lognormal(sigma=0.5, size=(2_000, 1))).astype(np.float32)


@pytest.fixture(scope="module")
def queries():
    return np.random.default_rng(1).normal(size=(100, 16)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_inner_products_best_first(vectors, queries, kind):
    found, scores = build_index(vectors, AnnIndexConfig(kind=kind)).search(queries, 10)
    assert (found.dtype, scores.dtype) == (np.int32, np.float32)
    assert (np.diff(scores, axis=1) <= 0).all()
    np.testing.assert_allclose(scores, np.take_along_axis(queries @ vectors.T, found, axis=1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "least"), [("flat", 1.0), ("hnsw", 0.95), ("ivf_flat", 0.6)])
def test_recall(vectors, queries, kind, least):
    assert measured_recall(build_index(vectors, AnnIndexConfig(kind=kind)), vectors, queries, 10) >= least


@pytest.mark.parametrize("kind", KINDS)
def test_saves_and_loads_to_identical_answers(vectors, queries, kind, tmp_path):
    index = build_index(vectors, AnnIndexConfig(kind=kind, ivf_probes=3))
    index.save(tmp_path)
    loaded = AnnIndex.load(tmp_path)
    assert loaded.config == index.config
    assert loaded.n_vectors == 2_000
    for answer, expected in zip(loaded.search(queries, 7), index.search(queries, 7), strict=True):
        np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_built_twice_is_the_same_file(vectors, kind, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        build_index(vectors, AnnIndexConfig(kind=kind)).save(tmp_path / name)
    assert (tmp_path / "first/index.faiss").read_bytes() == (tmp_path / "second/index.faiss").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_vectors_than_asked_for(kind):
    found, scores = build_index(np.eye(3, dtype=np.float32), AnnIndexConfig(kind=kind)).search(np.ones((1, 3)), 5)
    assert sorted(found[0, :3].tolist()) == [0, 1, 2]
    assert found[0, 3:].tolist() == [-1, -1]
    assert np.isneginf(scores[0, 3:]).all()


@pytest.mark.parametrize(("value", "problem"), [(np.nan, "not finite"), (np.inf, "not finite"), (0.0, "all zeros")])
def test_unusable_vectors_are_named(vectors, value, problem):
    bad = vectors[:20].copy()
    bad[3:10] = value
    ids = np.array([f"sku-{i}" for i in range(20)], dtype=object)
    with pytest.raises(UserError, match=f"7 of 20 vectors are {problem}: sku-3, sku-4, .* and 2 more"):
        build_index(bad, AnnIndexConfig(), ids)
    with pytest.raises(UserError, match="3, 4"):
        build_index(bad, AnnIndexConfig())


def test_no_vectors_are_refused():
    with pytest.raises(UserError, match="no vectors"):
        build_index(np.zeros((0, 4), dtype=np.float32), AnnIndexConfig())


class StubIndex:
    """Answers with what it was given."""

    def __init__(self, found):
        self.found = np.asarray(found, dtype=np.int32)

    def search(self, queries, k):
        return self.found[:, :k], None


def test_recall_hand_worked():
    vectors = np.array([[4.0], [3.0], [2.0], [2.0], [1.0]], dtype=np.float32)
    query = np.ones((1, 1), dtype=np.float32)
    for found, expected in [([0, 1, 2], 1), ([0, 1, 3], 1), ([0, 4, -1], 1 / 3), ([4, -1, -1], 0)]:
        assert measured_recall(StubIndex([found]), vectors, query, 3) == pytest.approx(expected)
    assert measured_recall(StubIndex([[4, 3, 2, 1, 0]]), vectors, query, 10) == 1
    with pytest.raises(ValueError, match="at least one query"):
        measured_recall(StubIndex([[0]]), vectors, query[:0], 3)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("hnsw", "hnsw_neighbours", 4),
        ("hnsw", "hnsw_build_breadth", 4),
        ("hnsw", "hnsw_search_breadth", 10),
        ("ivf_flat", "ivf_clusters", 500),
        ("ivf_flat", "ivf_probes", 1),
    ],
)
def test_settings_change_recall(vectors, queries, kind, field, value):
    recalls = [
        measured_recall(build_index(vectors, AnnIndexConfig(kind=kind, **settings)), vectors, queries, 10)
        for settings in ({}, {field: value})
    ]
    assert recalls[1] < recalls[0]


def test_seed_changes_the_clusters(vectors, queries):
    answers = [
        build_index(vectors, AnnIndexConfig(kind="ivf_flat", ivf_probes=1, seed=seed)).search(queries, 10)[0]
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()


def test_threads_are_the_configured_ones(vectors, queries, monkeypatch):
    before = faiss.omp_get_max_threads()
    asked = []
    real = faiss.omp_set_num_threads
    monkeypatch.setattr(faiss, "omp_set_num_threads", lambda n: (asked.append(n), real(n)))
    index = build_index(vectors, AnnIndexConfig(build_threads=3, search_threads=4))
    index.search(queries, 3)
    assert asked == [3, before, 4, before]


def test_every_setting_is_tested_here():
    tested = {"kind", "seed", "build_threads", "search_threads", "hnsw_neighbours", "hnsw_build_breadth"}
    assert tested | {"hnsw_search_breadth", "ivf_clusters", "ivf_probes"} == set(AnnIndexConfig.model_fields)
