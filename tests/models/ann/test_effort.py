import numpy as np
import pytest

from models.ann.config import AnnIndexConfig
from models.ann.effort import index_that_finds, with_enough_effort
from models.ann.index import build_index
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
        (AnnIndexConfig(kind="ivf_flat", ivf_clusters=64, ivf_probes=1), "ivf_probes"),
    ],
)
def test_effort_grows_until_the_recall_is_reached(vectors, queries, config, field):
    index = build_index(vectors, config)
    assert measured_recall(index, vectors, queries, 10) < 0.9
    better, recall = with_enough_effort(index, vectors, queries, 10, 0.9)
    assert recall >= 0.9 and recall == measured_recall(better, vectors, queries, 10)
    assert getattr(better.config, field) > getattr(config, field)


def test_effort_stays_where_it_is_enough(vectors, queries):
    index = build_index(vectors, AnnIndexConfig(kind="flat"))
    same, recall = with_enough_effort(index, vectors, queries, 10, 0.99)
    assert same is index and recall == 1.0


def test_effort_is_bounded(vectors, queries):
    index = build_index(vectors, AnnIndexConfig(kind="ivf_flat", ivf_clusters=256, ivf_probes=1))
    tried, recall = with_enough_effort(index, vectors, queries, 10, 1.1)
    assert tried.config.ivf_probes == 32 and recall < 1.1


HARD = {"hnsw_neighbours": 2, "hnsw_build_breadth": 2, "hnsw_search_breadth": 1}


def test_where_a_graph_does_not_find_enough_the_search_becomes_exact(vectors, queries):
    index, recall = index_that_finds(vectors, queries, 10, 0.99, AnnIndexConfig(kind="auto", **HARD))
    assert index.config.kind == "flat" and recall == 1.0


def test_a_graph_stays_where_it_finds_enough(vectors, queries):
    index, recall = index_that_finds(vectors, queries, 10, 0.9, AnnIndexConfig(kind="auto"))
    assert index.config.kind == "hnsw" and 0.9 <= recall == measured_recall(index, vectors, queries, 10)


def test_a_kind_that_was_named_is_kept_and_its_recall_told(vectors, queries):
    index, recall = index_that_finds(vectors, queries, 10, 0.99, AnnIndexConfig(kind="hnsw", **HARD))
    assert index.config.kind == "hnsw" and recall < 0.99
