"""How large an index is, and how large one will be."""

from __future__ import annotations

from typing import Any

from models.ann.config import GRAPHS, AnnIndexConfig
from models.ann.faiss_index import CODES, library, shared_dimensions

FLOAT, NUMBER, PLACE = 4, 4, 8
"""Bytes of a dimension, of a link, and of an id or an offset."""
BLOCK = 32
"""Codes of a cluster are stored in blocks of so many, the last one filled up."""


def n_bytes(index: Any) -> int:
    """Size of a FAISS index as a file, without writing one.

    Args:
        index: The FAISS index.
    """
    sizes: list[int] = []
    faiss = library()
    faiss.write_index(index, faiss.PyCallbackIOWriter(lambda part: sizes.append(len(part))))
    return sum(sizes)


def expected_bytes(n_vectors: int, size: int, config: AnnIndexConfig) -> int:
    """Size of an index before it is built: within 6 % on the tests' vectors.

    Args:
        n_vectors: How many will be in it.
        size: Length of a vector.
        config: Its kind is not `auto`.
    """
    stored = n_vectors * size * (1 if config.kind.endswith("sq8") else FLOAT)
    if config.kind == "flat":
        return stored
    if config.kind in GRAPHS:
        links = config.hnsw_neighbours
        each = 2 * links + links / (links - 1)  # twice as many on the lowest level, and a share of the nodes on others
        return int(stored + n_vectors * (each * NUMBER + PLACE + NUMBER))
    clusters = config.ivf_clusters * (size * FLOAT + 2 * PLACE)
    if config.kind != "ivf_pq":
        return stored + clusters + n_vectors * PLACE
    half_bytes = size // shared_dimensions(size, config.pq_dimensions)
    codes = (n_vectors + config.ivf_clusters * BLOCK // 2) * ((half_bytes + 1) // 2)
    again = {"none": 0, "sq8": n_vectors * size, "exact": n_vectors * size * FLOAT}[config.refine]
    return codes + CODES * size * FLOAT + again + clusters + n_vectors * PLACE
