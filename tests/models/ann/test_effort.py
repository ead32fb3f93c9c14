import numpy as np
import pytest

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.ann.effort import MAX_DOUBLINGS, index_that_finds, twice_the_effort, with_enough_effort
from models.ann.recall import measured_recall


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3000, 32)).astype(np.float32) * rng.lognormal(sigma=0.8, size=(3000, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def queries():
    return np.random.default_rng(1).normal(size=(100, 32)).astype(np.float32)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (AnnIndexConfig(kind="hnsw", hnsw_neighbours=4, hnsw_search_breadth=8), "hnsw_search_breadth"),
        (AnnIndexConfig(kind="hnsw_sq8", hnsw_neighbours=4, hnsw_search_breadth=8), "hnsw_search_breadth"),
        (AnnIndexConfig(kind="ivf_flat", ivf_clusters=64, ivf_probes=1), "ivf_probes"),
        (AnnIndexConfig(kind="ivf_sq8", ivf_clusters=64, ivf_probes=1), "ivf_probes"),
        (AnnIndexConfig(kind="ivf_pq", ivf_clusters=64, ivf_probes=2, refine_factor=1), "ivf_probes"),
    ],
)
def test_effort_grows_until_the_recall_is_reached(vectors, queries, config, field):
    index = build_index(vectors, config)
    assert measured_recall(index, vectors, queries, 10) < 0.9
    better, recall, tried = with_enough_effort(index, vectors, queries, 10, 0.9)
    assert recall >= 0.9 and recall == measured_recall(better, vectors, queries, 10)
    assert getattr(better.config, field) > getattr(config, field)
    assert [one.effort for one in tried] == [tried[0].effort * 2**step for step in range(len(tried))]
    assert tried[-1].effort == getattr(better.config, field) and tried[-1].recall == recall
    assert tried[0].recall == measured_recall(index, vectors, queries, 10)
    assert [one.is_used for one in tried] == [False] * (len(tried) - 1) + [True]


def test_where_all_clusters_are_visited_more_is_ranked_again(vectors, queries):
    index = build_index(vectors, AnnIndexConfig(kind="ivf_pq", ivf_clusters=64, ivf_probes=64, refine_factor=1))
    better, recall, tried = with_enough_effort(index, vectors, queries, 10, 0.9)
    assert tried[0].recall < 0.8 and recall >= 0.9 and better.config.refine_factor == 4


@pytest.mark.parametrize(("refined", "then"), [(4, 8), (12, 16), (16, 16), (40, 40)])
def test_ranking_again_ends_somewhere_and_never_falls(refined, then):
    harder = twice_the_effort(AnnIndexConfig(kind="ivf_pq", ivf_probes=3, refine_factor=refined), 10)
    assert harder == {"ivf_probes": 6, "refine_factor": then}


def test_effort_stays_where_it_is_enough(vectors, queries):
    index = build_index(vectors, AnnIndexConfig(kind="flat"))
    same, recall, _ = with_enough_effort(index, vectors, queries, 10, 0.99)
    assert same is index and recall == 1.0


def test_effort_is_bounded(vectors, queries):
    index = build_index(vectors, AnnIndexConfig(kind="ivf_flat", ivf_clusters=256, ivf_probes=1))
    index, recall, _ = with_enough_effort(index, vectors, queries, 10, 1.1)
    assert index.config.ivf_probes == 32 and recall < 1.1


HARD = {"hnsw_neighbours": 2, "hnsw_build_breadth": 2, "hnsw_search_breadth": 1}


def test_where_a_graph_does_not_find_enough_the_search_becomes_exact(vectors, queries):
    index, recall, tried = index_that_finds(vectors, queries, 10, 0.99, AnnIndexConfig(kind="auto", **HARD))
    assert index.config.kind == "flat" and recall == 1.0
    assert [one.kind for one in tried] == ["hnsw"] * (MAX_DOUBLINGS + 1) + ["flat"]
    assert [one.is_used for one in tried] == [False] * (MAX_DOUBLINGS + 1) + [True]


def test_a_graph_stays_where_it_finds_enough(vectors, queries):
    index, recall, tried = index_that_finds(vectors, queries, 10, 0.9, AnnIndexConfig(kind="auto"))
    assert index.config.kind == "hnsw" and 0.9 <= recall == measured_recall(index, vectors, queries, 10)
    assert [(one.kind, one.effort, one.is_used) for one in tried] == [("hnsw", 128, True), ("flat", None, False)]
    assert tried[1].recall == 1.0


def test_a_kind_that_was_named_is_kept_and_its_recall_told(vectors, queries):
    index, recall, tried = index_that_finds(vectors, queries, 10, 0.99, AnnIndexConfig(kind="hnsw", **HARD))
    assert index.config.kind == "hnsw" and recall < 0.99
    assert [one.kind for one in tried if one.is_used] == ["hnsw"]


def test_exact_search_is_tried_once(vectors, queries):
    found = index_that_finds(vectors, queries, 10, 0.99, AnnIndexConfig(kind="flat"))
    assert [(one.kind, one.effort, one.is_used) for one in found.tried] == [("flat", None, True)]


def test_a_graph_is_searched_as_wide_as_the_list_is_long(vectors, queries):
    """What is told is the effort FAISS makes, which is never below k."""
    found = index_that_finds(vectors, queries, 50, 0.0, AnnIndexConfig(kind="hnsw", hnsw_search_breadth=8))
    assert found.tried[0].effort == 50


def test_time_is_that_of_one_query(vectors, queries, monkeypatch):
    seconds = iter([0.0, 0.3, 1.0, 1.1])
    monkeypatch.setattr("models.ann.effort.time.perf_counter", lambda: next(seconds))
    (one,) = with_enough_effort(build_index(vectors, AnnIndexConfig(kind="flat")), vectors, queries, 10, 0.9).tried
    assert one.microseconds == pytest.approx(1e6 * 0.1 / len(queries))


def test_an_index_that_was_built_before_is_searched_and_not_built_again(vectors, queries):
    built = build_index(vectors, AnnIndexConfig(kind="ivf_flat", ivf_probes=2))
    found = index_that_finds(vectors, queries, 10, 0.9, AnnIndexConfig(kind="ivf_flat", seed=9), built=built)
    assert found.built.index is built.index and found.recall >= 0.9


def test_where_it_does_not_find_enough_one_is_built(vectors, queries):
    built = build_index(vectors, AnnIndexConfig(kind="hnsw", **HARD))
    found = index_that_finds(vectors, queries, 10, 0.9, AnnIndexConfig(kind="hnsw"), built=built)
    assert found.built.index is not built.index and found.recall >= 0.9
