import pytest

from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.ann.index_bytes import expected_bytes, n_bytes

CONFIGS = [
    {"kind": "flat"},
    {"kind": "hnsw"},
    {"kind": "hnsw_sq8", "hnsw_neighbours": 8},
    {"kind": "ivf_flat", "ivf_clusters": 128},
    {"kind": "ivf_sq8"},
    {"kind": "ivf_pq"},
    {"kind": "ivf_pq", "refine": "exact", "ivf_clusters": 8},
    {"kind": "ivf_pq", "refine": "none", "pq_dimensions": 4, "ivf_clusters": 128},
]


@pytest.mark.parametrize("settings", CONFIGS)
def test_size_is_that_of_the_file_and_was_expected(vectors, settings, tmp_path):
    config = AnnIndexConfig(**settings)
    index = build_index(vectors, config)
    index.save(tmp_path)
    size = n_bytes(index.index)
    assert size == (tmp_path / "index.faiss").stat().st_size
    assert expected_bytes(2_000, 16, config) == pytest.approx(size, rel=0.06)
