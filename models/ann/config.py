"""Settings of an ANN index."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["auto", "flat", "hnsw", "hnsw_sq8", "ivf_flat", "ivf_sq8", "ivf_pq"]
GRAPHS = ("hnsw", "hnsw_sq8")
INVERTED_FILES = ("ivf_flat", "ivf_sq8", "ivf_pq")


class AnnIndexConfig(BaseModel):
    """Which index to build over a set of vectors, and how hard to search it; `sluice index tune` proposes one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(
        default="auto",
        description="Exact search (flat), a navigable small-world graph (hnsw), an inverted file of clusters "
        "(ivf_flat), either with a byte per dimension (hnsw_sq8, ivf_sq8), an inverted file of 4-bit codes whose best "
        "are ranked again (ivf_pq), or the graph where it reaches checks.min_index_recall and exact search where it "
        "does not (auto).",
    )
    metric: Literal["inner_product", "cosine"] = Field(
        default="inner_product",
        description="What is near: a large inner product, the score that retrievers learn, or a small angle (cosine), "
        "by which candidates are then scored.",
    )
    hnsw_neighbours: int = Field(default=32, ge=2, description="Links per node of the graph (M); memory and recall.")
    hnsw_build_breadth: int = Field(
        default=200, ge=1, description="Candidates kept while a node is linked (efConstruction); build time and recall."
    )
    hnsw_search_breadth: int = Field(
        default=128, ge=1, description="Candidates kept while searching (efSearch); raised to k where k is larger."
    )
    ivf_clusters: int = Field(default=64, ge=1, description="Clusters of the inverted file, at most one per vector.")
    ivf_training_vectors: int = Field(
        default=256, ge=1, description="Vectors per cluster, at most, from which the clusters are learned; build time."
    )
    ivf_probes: int = Field(default=16, ge=1, description="Clusters visited per query.")
    pq_dimensions: int = Field(
        default=2,
        ge=1,
        description="Dimensions that share a 4-bit code of ivf_pq, lowered to a divisor of the vectors' size; memory, "
        "time and recall.",
    )
    refine: Literal["none", "sq8", "exact"] = Field(
        default="sq8",
        description="By what ivf_pq ranks its best again: a byte per dimension (sq8), the vectors themselves (exact), "
        "or not at all (none).",
    )
    refine_factor: int = Field(
        default=4, ge=1, description="Vectors that ivf_pq ranks again, for each one that is asked for."
    )
    seed: int = Field(
        default=42, ge=0, description="Seed of the inverted file's clusters and codes; FAISS fixes the graph's own."
    )
    build_threads: int = Field(
        default=1, ge=1, description="Threads that build; the graph is the same every time only with 1."
    )
    search_threads: int = Field(default=2, ge=1, description="Threads that search; results do not depend on it.")

    @property
    def scores_are_exact(self) -> bool:
        """Whether what is found is scored by the vectors themselves, not by what codes kept of them."""
        return self.kind in ("flat", "hnsw", "ivf_flat") or (self.kind == "ivf_pq" and self.refine == "exact")
