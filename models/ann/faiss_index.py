"""Which FAISS object each kind of index is, and with which parameters it is searched."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.ann.config import GRAPHS, INVERTED_FILES, AnnIndexConfig

CODES = 16
"""Values of a 4-bit code: as many vectors are needed to learn them."""


def library() -> Any:
    """FAISS, imported where it is first needed; its stubs do not know the arguments that its Python adds."""
    import faiss

    return faiss


def empty_index(size: int, n_vectors: int, config: AnnIndexConfig) -> Any:
    """A FAISS index by inner product, neither trained nor filled.

    Args:
        size: Length of a vector.
        n_vectors: How many will be in it.
        config: Its kind is not `auto`.
    """
    faiss = library()
    if config.kind == "flat":
        return faiss.IndexFlatIP(size)
    if config.kind in GRAPHS:
        return _empty_graph(faiss, size, config)
    inverted = _empty_inverted_file(faiss, size, min(config.ivf_clusters, n_vectors), config)
    inverted.cp.seed = config.seed
    inverted.cp.max_points_per_centroid = config.ivf_training_vectors
    inverted.cp.min_points_per_centroid = 1  # few vectors per cluster is the catalogue's nature, not worth a warning
    if config.kind != "ivf_pq" or config.refine == "none":
        return inverted
    again = _bytes(faiss, size) if config.refine == "sq8" else faiss.IndexFlatIP(size)
    return faiss.IndexRefine(inverted, again)


def _empty_graph(faiss: Any, size: int, config: AnnIndexConfig) -> Any:
    metric, links = faiss.METRIC_INNER_PRODUCT, config.hnsw_neighbours
    if config.kind == "hnsw":
        graph = faiss.IndexHNSWFlat(size, links, metric)
    else:
        graph = faiss.IndexHNSWSQ(size, faiss.ScalarQuantizer.QT_8bit, links, metric)
    graph.hnsw.efConstruction = config.hnsw_build_breadth
    return graph


def _empty_inverted_file(faiss: Any, size: int, n_clusters: int, config: AnnIndexConfig) -> Any:
    metric, clusters = faiss.METRIC_INNER_PRODUCT, faiss.IndexFlatIP(size)
    if config.kind == "ivf_flat":
        return faiss.IndexIVFFlat(clusters, size, n_clusters, metric)
    if config.kind == "ivf_sq8":
        eight_bits = faiss.ScalarQuantizer.QT_8bit
        return faiss.IndexIVFScalarQuantizer(clusters, size, n_clusters, eight_bits, metric)
    n_codes = size // shared_dimensions(size, config.pq_dimensions)
    codes = faiss.IndexIVFPQFastScan(clusters, size, n_clusters, n_codes, 4, metric)
    codes.pq.cp.seed = config.seed
    codes.pq.cp.min_points_per_centroid = 1
    return codes


def _bytes(faiss: Any, size: int) -> Any:
    return faiss.IndexScalarQuantizer(size, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)


def shared_dimensions(size: int, wanted: int) -> int:
    """The largest divisor of `size` up to `wanted`: how many dimensions share a code."""
    return max(part for part in range(1, min(wanted, size) + 1) if size % part == 0)


def train(index: Any, vectors: np.ndarray) -> None:
    """Learn clusters and codes where the index has any; few vectors are repeated until there are enough of them."""
    if not index.is_trained:
        index.train(vectors if len(vectors) >= CODES else np.resize(vectors, (CODES, vectors.shape[1])))


def search_parameters(config: AnnIndexConfig, k: int, share: float = 1.0, allowed: Any = None) -> Any:
    """How hard FAISS searches; harder in proportion where only some vectors may be found.

    Args:
        config: Kind and effort.
        k: List length.
        share: Share of the vectors that may be found, above 0.
        allowed: A FAISS selector of these; `None` allows all.
    """
    faiss = library()
    if config.kind in GRAPHS:
        breadth = max(config.hnsw_search_breadth, k)
        return faiss.SearchParametersHNSW(efSearch=int(np.ceil(breadth / share)), sel=allowed)
    if config.kind in INVERTED_FILES:
        return visiting(int(np.ceil(config.ivf_probes / share)), config, allowed)
    return faiss.SearchParameters(sel=allowed)


def visiting(n_clusters: int, config: AnnIndexConfig, allowed: Any) -> Any:
    """Parameters of an inverted file of which so many clusters are searched."""
    faiss = library()
    clusters = faiss.SearchParametersIVF(nprobe=n_clusters, sel=allowed)
    if config.kind != "ivf_pq" or config.refine == "none":
        return clusters
    return faiss.IndexRefineSearchParameters(k_factor=float(config.refine_factor), base_index_params=clusters)


def search_all(
    index: Any, config: AnnIndexConfig, queries: np.ndarray, k: int, allowed: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and rows of the k best of the allowed vectors, each of which is looked at, as exact as they are stored."""
    faiss = library()
    if config.kind in GRAPHS:
        stored = faiss.downcast_index(index.storage)
        return stored.search(queries, k, params=faiss.SearchParameters(sel=allowed))
    return index.search(queries, k, params=visiting(config.ivf_clusters, config, allowed))
