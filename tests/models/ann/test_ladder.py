import pytest

from models.ann.config import AnnIndexConfig
from models.ann.ladder import between, branches, first_builds, graphs, more_clusters

BASE = AnnIndexConfig(metric="cosine", seed=3)


@pytest.mark.parametrize(("n_vectors", "n_clusters"), [(1_000_000, 1024), (40_981, 256), (80, 8), (3, 2), (1, 1)])
def test_there_are_about_as_many_clusters_as_the_root_of_the_vectors(n_vectors, n_clusters):
    configs = first_builds(n_vectors, BASE)
    assert [config.kind for config in configs] == ["flat", "ivf_pq", "ivf_sq8", "ivf_flat"]
    assert {(config.ivf_clusters, config.metric, config.seed) for config in configs} == {(n_clusters, "cosine", 3)}


def test_four_times_the_clusters_but_never_more_than_vectors():
    config = AnnIndexConfig(kind="ivf_pq", ivf_clusters=64)
    assert more_clusters(config, 10_000).ivf_clusters == 256
    assert more_clusters(config, 100).ivf_clusters == 100


def test_graphs_come_from_cheap_to_dear():
    assert [(config.kind, config.hnsw_neighbours, config.hnsw_build_breadth) for config in graphs(BASE)] == [
        ("hnsw_sq8", 16, 100),
        ("hnsw", 16, 100),
        ("hnsw", 32, 200),
    ]


def test_clusters_are_visited_in_doubles_and_then_all():
    (branch,) = branches(AnnIndexConfig(kind="ivf_flat", ivf_clusters=20), 10, 1_000)
    assert [config.ivf_probes for config in branch] == [1, 2, 4, 8, 16, 20]


def test_codes_have_a_branch_for_each_number_that_is_ranked_again():
    found = list(branches(AnnIndexConfig(kind="ivf_pq", ivf_clusters=4), 10, 1_000))
    assert [[(config.refine_factor, config.ivf_probes) for config in branch] for branch in found] == [
        [(factor, probes) for probes in (1, 2, 4)] for factor in (2, 4, 8, 16)
    ]


def test_a_graph_is_searched_from_the_length_of_the_list_to_all_of_it():
    (branch,) = branches(AnnIndexConfig(kind="hnsw"), 100, 500)
    assert [config.hnsw_search_breadth for config in branch] == [100, 200, 400, 500]
    (branch,) = branches(AnnIndexConfig(kind="hnsw_sq8"), 5, 40)
    assert [config.hnsw_search_breadth for config in branch] == [16, 32, 40]


def test_exact_search_has_one_way():
    config = AnnIndexConfig(kind="flat")
    assert list(branches(config, 10, 5)) == [[config]]


def test_between_two_efforts():
    low, high = (AnnIndexConfig(kind="ivf_pq", ivf_probes=probes, refine_factor=8) for probes in (16, 32))
    assert between(low, high) == low.model_copy(update={"ivf_probes": 24})
    low, high = (AnnIndexConfig(kind="hnsw", hnsw_search_breadth=breadth) for breadth in (100, 101))
    assert between(low, high) is None
