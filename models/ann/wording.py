"""An index in words."""

from __future__ import annotations

from models.ann.config import GRAPHS, AnnIndexConfig

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
