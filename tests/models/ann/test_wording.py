from typing import get_args

import pytest

from models.ann.config import AnnIndexConfig, Kind
from models.ann.wording import KINDS, built_with, own_settings


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"kind": "flat"}, "exact"),
        ({"kind": "hnsw"}, "graph with 32 links a node, built with breadth 200"),
        (
            {"kind": "hnsw_sq8", "hnsw_neighbours": 8},
            "graph with 8 links a node, built with breadth 200, a byte per dimension",
        ),
        ({"kind": "ivf_flat"}, "64 clusters"),
        ({"kind": "ivf_sq8", "ivf_clusters": 9}, "9 clusters, a byte per dimension"),
        ({"kind": "ivf_pq"}, "64 clusters, 2 dimensions a code, ranked again by bytes"),
        ({"kind": "ivf_pq", "refine": "exact"}, "64 clusters, 2 dimensions a code, ranked again exactly"),
        ({"kind": "ivf_pq", "refine": "none"}, "64 clusters, 2 dimensions a code"),
    ],
)
def test_settings_in_words(config, words):
    assert built_with(AnnIndexConfig(**config)) == words


def test_every_kind_has_a_short_name_of_its_own():
    assert set(KINDS) == set(get_args(Kind)) - {"auto"} and len(set(KINDS.values())) == len(KINDS)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"kind": "flat"}, ["kind"]),
        ({"kind": "flat", "metric": "cosine"}, ["kind", "metric"]),
        ({"kind": "hnsw_sq8"}, ["kind", "hnsw_neighbours", "hnsw_build_breadth", "hnsw_search_breadth"]),
        ({"kind": "ivf_sq8"}, ["kind", "ivf_clusters", "ivf_training_vectors", "ivf_probes"]),
        (
            {"kind": "ivf_pq"},
            ["kind", "ivf_clusters", "ivf_training_vectors", "ivf_probes", "pq_dimensions", "refine", "refine_factor"],
        ),
        (
            {"kind": "ivf_pq", "refine": "none"},
            ["kind", "ivf_clusters", "ivf_training_vectors", "ivf_probes", "pq_dimensions", "refine"],
        ),
    ],
)
def test_settings_that_make_a_difference(config, names):
    config = AnnIndexConfig(**config)
    found = own_settings(config)
    assert list(found) == names
    assert AnnIndexConfig(**found) == config
