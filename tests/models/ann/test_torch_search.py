import numpy as np
import pytest

from models.ann import torch_search
from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.ann.torch_search import TorchVectors

needs_gpu = pytest.mark.skipif("not __import__('torch').cuda.is_available()", reason="needs a GPU")
DEVICES = ["cpu", pytest.param("cuda", marks=needs_gpu)]


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)


@pytest.fixture
def queries():
    return np.random.default_rng(1).normal(size=(40, 16)).astype(np.float32)


def moved(index, device):
    """Searched by torch, on whichever device."""
    index = index.searched_with()
    index.exact = TorchVectors(index.index.reconstruct_n(0, index.n_vectors), device)
    return index


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("metric", ["inner_product", "cosine"])
@pytest.mark.parametrize("n_allowed", [None, 3, 200])
def test_finds_what_faiss_finds(vectors, queries, device, metric, n_allowed, monkeypatch):
    monkeypatch.setattr(torch_search, "MAX_SCORES", 2_000)
    allowed = None
    if n_allowed is not None:
        allowed = np.zeros(300, dtype=bool)
        allowed[np.random.default_rng(2).permutation(300)[:n_allowed]] = True
    index = build_index(vectors, AnnIndexConfig(kind="flat", metric=metric))
    expected = index.search(queries, 10, allowed)
    found = moved(index, device).search(queries, 10, allowed)
    assert np.array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-5)


def test_nothing_allowed_is_nothing_found(vectors, queries):
    scores, rows = TorchVectors(vectors, "cpu").search(queries, 4, np.zeros(300, dtype=bool))
    assert (rows == -1).all() and np.isneginf(scores).all()


def test_positions_of_added_vectors_are_theirs(vectors, queries):
    """Rows and positions differ once an index has grown."""
    index = build_index(vectors, AnnIndexConfig(kind="flat"))
    index.positions = np.random.default_rng(3).permutation(300)
    for allowed in (None, np.arange(300) % 3 == 0):
        found = moved(index, "cpu").search(queries, 5, allowed)
        assert np.array_equal(found[0], index.search(queries, 5, allowed)[0])


def test_only_exact_search_moves_to_a_gpu(vectors, monkeypatch):
    monkeypatch.setattr("models.ann.index.TorchVectors", lambda vectors, device: (len(vectors), device))
    exact, graph = (build_index(vectors, AnnIndexConfig(kind=kind)) for kind in ("flat", "hnsw"))
    assert exact.searched_on("cuda").exact == (300, "cuda")
    assert exact.searched_on("cuda").searched_with(search_threads=1).exact == (300, "cuda"), "it stays there"
    assert exact.exact is exact.searched_on("cpu").exact is graph.searched_on("cuda").exact is None
