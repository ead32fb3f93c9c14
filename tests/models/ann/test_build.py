import faiss
import numpy as np
import pytest

from models.ann.build import build_index, refuse_unusable
from models.ann.config import AnnIndexConfig
from models.ann.faiss_index import shared_dimensions
from models.ann.recall import measured_recall
from models.errors import UserError

LEAST = {"flat": 1, "hnsw": 0.95, "hnsw_sq8": 0.95, "ivf_flat": 0.6, "ivf_sq8": 0.6, "ivf_pq": 0.6}


def file_size(index):
    return len(faiss.serialize_index(index.index))


@pytest.mark.parametrize(("kind", "least"), LEAST.items())
def test_recall(vectors, queries, kind, least):
    assert measured_recall(build_index(vectors, AnnIndexConfig(kind=kind)), vectors, queries, 10) >= least


@pytest.mark.parametrize(("value", "problem"), [(np.nan, "not finite"), (np.inf, "not finite"), (0.0, "all zeros")])
def test_unusable_vectors_are_named(vectors, value, problem):
    bad = vectors[:20].copy()
    bad[3:10] = value
    ids = np.array([f"sku-{i}" for i in range(20)], dtype=object)
    with pytest.raises(UserError, match=f"7 of 20 vectors are {problem}: sku-3, sku-4, .* and 2 more"):
        build_index(bad, AnnIndexConfig(), ids)
    with pytest.raises(UserError, match="3, 4"):
        build_index(bad, AnnIndexConfig())


def test_zeros_can_be_allowed(vectors):
    bad = vectors[:20].copy()
    bad[3] = 0
    refuse_unusable(bad, zeros_are_refused=False)
    bad[4, 1] = np.nan
    with pytest.raises(UserError, match="users: 1 of 20 vectors are not finite: 4"):
        refuse_unusable(bad, where="users", zeros_are_refused=False)


def test_no_vectors_are_refused():
    with pytest.raises(UserError, match="no vectors"):
        build_index(np.zeros((0, 4), dtype=np.float32), AnnIndexConfig())


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("hnsw", "hnsw_neighbours", 4),
        ("hnsw", "hnsw_build_breadth", 4),
        ("hnsw", "hnsw_search_breadth", 10),
        ("ivf_flat", "ivf_clusters", 500),
        ("ivf_flat", "ivf_probes", 1),
        ("ivf_pq", "pq_dimensions", 8),
        ("ivf_pq", "refine_factor", 1),
        ("ivf_pq", "refine", "none"),
    ],
)
def test_settings_change_recall(vectors, queries, kind, field, value):
    recalls = [
        measured_recall(build_index(vectors, AnnIndexConfig(kind=kind, **settings)), vectors, queries, 10)
        for settings in ({}, {field: value})
    ]
    assert recalls[1] < recalls[0]


def test_what_is_ranked_again_exactly_has_exact_scores_in_more_memory(vectors, queries):
    inexact, exact = (build_index(vectors, AnnIndexConfig(kind="ivf_pq", refine=by)) for by in ("sq8", "exact"))
    products = queries @ vectors.T
    for index, is_exact in ((inexact, False), (exact, True)):
        found, scores = index.search(queries, 10)
        assert np.allclose(scores, np.take_along_axis(products, found, axis=1), rtol=1e-4) == is_exact
    assert file_size(exact) - file_size(inexact) == pytest.approx(2_000 * 16 * 3, rel=0.02)


def test_bytes_and_codes_take_less_memory(vectors):
    sizes = {kind: file_size(build_index(vectors, AnnIndexConfig(kind=kind))) for kind in LEAST}
    assert sizes["hnsw"] - sizes["hnsw_sq8"] == pytest.approx(2_000 * 16 * 3, rel=0.02)
    assert sizes["ivf_flat"] - sizes["ivf_sq8"] == pytest.approx(2_000 * 16 * 3, rel=0.02)
    codes = file_size(build_index(vectors, AnnIndexConfig(kind="ivf_pq", refine="none")))
    assert sizes["ivf_pq"] - codes == pytest.approx(2_000 * 16, rel=0.02)


def test_dimensions_that_share_a_code_divide_the_vector():
    assert [shared_dimensions(size, 4) for size in (16, 6, 7, 3)] == [4, 3, 1, 3]
    odd = np.random.default_rng(3).normal(size=(100, 7)).astype(np.float32)
    found, _ = build_index(odd, AnnIndexConfig(kind="ivf_pq", pq_dimensions=3)).search(odd, 1)
    assert (found[:, 0] >= 0).all()


def test_clusters_are_learned_from_as_many_vectors_as_are_asked_for(vectors, queries):
    answers = [
        build_index(
            vectors, AnnIndexConfig(kind="ivf_flat", ivf_clusters=10, ivf_probes=1, ivf_training_vectors=n)
        ).search(queries, 10)[0]
        for n in (256, 200, 5)
    ]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()


@pytest.mark.parametrize(("kind", "clusters"), [("ivf_flat", 64), ("ivf_pq", 1)])
def test_seed_changes_the_clusters_and_the_codes(vectors, queries, kind, clusters):
    config = AnnIndexConfig(kind=kind, ivf_clusters=clusters, ivf_probes=1, refine="none")
    answers = [
        build_index(vectors, config.model_copy(update={"seed": seed})).search(queries, 10)[0] for seed in (0, 0, 1)
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
    """The metric in `test_index.py`."""
    tested = {"kind", "metric", "seed", "build_threads", "search_threads", "hnsw_neighbours", "hnsw_build_breadth"}
    tested |= {"hnsw_search_breadth", "ivf_clusters", "ivf_training_vectors", "ivf_probes"}
    assert tested | {"pq_dimensions", "refine", "refine_factor"} == set(AnnIndexConfig.model_fields)
