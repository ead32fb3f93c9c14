"""Which indexes the tuner builds, and how hard it searches each: from cheap to dear."""

from __future__ import annotations

import math
from collections.abc import Iterator

from models.ann.config import GRAPHS, AnnIndexConfig
from models.ann.effort import MOST_REFINED

MORE_CLUSTERS = 4
FEWER_TRAINING_VECTORS = 64
LEAST_BREADTH = 16
GRAPHS_TRIED = (("hnsw_sq8", 16, 100), ("hnsw", 16, 100), ("hnsw", 32, 200))
"""Kind, links a node, breadth while building."""


def first_builds(n_vectors: int, base: AnnIndexConfig) -> list[AnnIndexConfig]:
    """Exact search, the yardstick, and an inverted file of each kind with about sqrt(n) clusters.

    Args:
        n_vectors: Size of the catalogue.
        base: What is not tuned: metric, seed.
    """
    n_clusters = min(2 ** round(math.log2(math.sqrt(n_vectors))), n_vectors)
    kinds = ("flat", "ivf_pq", "ivf_sq8", "ivf_flat")
    return [base.model_copy(update={"kind": kind, "ivf_clusters": n_clusters}) for kind in kinds]


def more_clusters(best: AnnIndexConfig, n_vectors: int) -> AnnIndexConfig:
    """The best inverted file so far with four times the clusters, each learned from a quarter of the vectors."""
    n_clusters = min(MORE_CLUSTERS * best.ivf_clusters, n_vectors)
    return best.model_copy(update={"ivf_clusters": n_clusters, "ivf_training_vectors": FEWER_TRAINING_VECTORS})


def ranked_again_exactly(best: AnnIndexConfig) -> AnnIndexConfig:
    """An inverted file of codes whose bytes lose too much."""
    return best.model_copy(update={"refine": "exact"})


def graphs(base: AnnIndexConfig) -> list[AnnIndexConfig]:
    """Graphs, from cheap to dear."""
    return [
        base.model_copy(update={"kind": kind, "hnsw_neighbours": links, "hnsw_build_breadth": breadth})
        for kind, links, breadth in GRAPHS_TRIED
    ]


def branches(config: AnnIndexConfig, k: int, n_vectors: int) -> Iterator[list[AnnIndexConfig]]:
    """Ways to search one built index, each branch ever harder.

    Args:
        config: How it was built.
        k: List length.
        n_vectors: What is in it.
    """
    if config.kind == "flat":
        yield [config]
    elif config.kind in GRAPHS:
        yield _doubled(config, "hnsw_search_breadth", max(k, LEAST_BREADTH), n_vectors)
    elif config.kind == "ivf_pq":
        factor = 2
        while factor <= MOST_REFINED:
            yield _doubled(config.model_copy(update={"refine_factor": factor}), "ivf_probes", 1, config.ivf_clusters)
            factor *= 2
    else:
        yield _doubled(config, "ivf_probes", 1, config.ivf_clusters)


def _doubled(config: AnnIndexConfig, field: str, least: int, most: int) -> list[AnnIndexConfig]:
    """From the least effort, doubled as long as it is below the most, and the most."""
    efforts = [least]
    while 2 * efforts[-1] < most:
        efforts.append(2 * efforts[-1])
    if efforts[-1] < most:
        efforts.append(most)
    return [config.model_copy(update={field: effort}) for effort in efforts]


def between(below: AnnIndexConfig, above: AnnIndexConfig) -> AnnIndexConfig | None:
    """Half-way between two efforts of a branch; `None` where nothing lies between them."""
    field = "hnsw_search_breadth" if below.kind in GRAPHS else "ivf_probes"
    low, high = getattr(below, field), getattr(above, field)
    return below.model_copy(update={field: (low + high) // 2}) if high - low > 1 else None
