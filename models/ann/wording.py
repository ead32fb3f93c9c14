"""An index in words."""

from __future__ import annotations

from typing import Any

from models.ann.config import GRAPHS, INVERTED_FILES, AnnIndexConfig

KINDS = {
    "flat": "exact",
    "hnsw": "graph",
    "hnsw_sq8": "graph of bytes",
    "ivf_flat": "clusters",
    "ivf_sq8": "clusters of bytes",
    "ivf_pq": "clusters of codes",
}
"""What each kind is called where there is little room."""
REFINED = {"none": "", "sq8": ", ranked again by bytes", "exact": ", ranked again exactly"}


def built_with(config: AnnIndexConfig) -> str:
    """The settings an index was built with, in words."""
    if config.kind == "flat":
        return "exact"
    if config.kind in GRAPHS:
        words = f"graph with {config.hnsw_neighbours} links a node, built with breadth {config.hnsw_build_breadth}"
        return words + (", a byte per dimension" if config.kind == "hnsw_sq8" else "")
    words = f"{config.ivf_clusters} clusters"
    if config.kind == "ivf_sq8":
        words += ", a byte per dimension"
    if config.kind == "ivf_pq":
        words += f", {config.pq_dimensions} dimensions a code{REFINED[config.refine]}"
    return words


def own_settings(config: AnnIndexConfig) -> dict[str, Any]:
    """The settings that make a difference to an index of this kind, in the order of the config: what to write down."""
    names = ["kind"]
    if config.metric != "inner_product":
        names.append("metric")
    if config.kind in GRAPHS:
        names += ["hnsw_neighbours", "hnsw_build_breadth", "hnsw_search_breadth"]
    if config.kind in INVERTED_FILES:
        names += ["ivf_clusters", "ivf_training_vectors", "ivf_probes"]
    if config.kind == "ivf_pq":
        names += ["pq_dimensions", "refine"] + (["refine_factor"] if config.refine != "none" else [])
    return {name: getattr(config, name) for name in names}
