"""Settings of an ANN index."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AnnIndexConfig(BaseModel):
    """Which index to build over a set of vectors, and how hard to search it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["auto", "flat", "hnsw", "ivf_flat"] = Field(
        default="auto",
        description="Exact search (flat), a navigable small-world graph (hnsw), an inverted file of clusters "
        "(ivf_flat), or the graph where it reaches checks.min_index_recall and exact search where it does not (auto).",
    )
    hnsw_neighbours: int = Field(default=32, ge=2, description="Links per node of the graph (M); memory and recall.")
    hnsw_build_breadth: int = Field(
        default=200, ge=1, description="Candidates kept while a node is linked (efConstruction); build time and recall."
    )
    hnsw_search_breadth: int = Field(
        default=128, ge=1, description="Candidates kept while searching (efSearch); raised to k where k is larger."
    )
    ivf_clusters: int = Field(default=64, ge=1, description="Clusters of the inverted file, at most one per vector.")
    ivf_probes: int = Field(default=16, ge=1, description="Clusters visited per query.")
    seed: int = Field(
        default=42, ge=0, description="Seed of the inverted file's clusters; FAISS fixes the graph's own."
    )
    build_threads: int = Field(
        default=1, ge=1, description="Threads that build; the graph is the same every time only with 1."
    )
    search_threads: int = Field(default=2, ge=1, description="Threads that search; results do not depend on it.")
