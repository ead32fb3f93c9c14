"""An index over vectors, searched by inner product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.ann.config import AnnIndexConfig
from models.errors import UserError
from models.training.threads import faiss_threads

if TYPE_CHECKING:
    import faiss

INDEX_FILE = "index.faiss"
CONFIG_FILE = "ann_index.json"
IDS_SHOWN = 5


class AnnIndex:
    """A FAISS index and the config it was built with.

    Args:
        index: The FAISS index, with inner product as its metric.
        config: How it was built and is searched.
    """

    def __init__(self, index: faiss.Index, config: AnnIndexConfig):
        self.index, self.config = index, config

    @property
    def n_vectors(self) -> int:
        """Number of indexed vectors."""
        return self.index.ntotal

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k vectors with (about) the largest inner product with each query.

        Args:
            queries: `[n, embedding_size]` float32.
            k: List length, at least 1.

        Returns:
            Positions `[n, k]` int32 and inner products `[n, k]` float32, best first. Where the index found fewer than
            k, the rest are -1 with score `-inf`.
        """
        import faiss

        with faiss_threads(self.config.search_threads):
            scores, found = self.index.search(
                np.ascontiguousarray(queries, dtype=np.float32), k, params=self._parameters(faiss, k)
            )
        scores[found < 0] = -np.inf
        return found.astype(np.int32), scores

    def _parameters(self, faiss: Any, k: int) -> faiss.SearchParameters | None:
        if self.config.kind == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=max(self.config.hnsw_search_breadth, k))
        if self.config.kind == "ivf_flat":
            return faiss.SearchParametersIVF(nprobe=self.config.ivf_probes)
        return None

    def save(self, folder: Path) -> None:
        """Write `index.faiss` and `ann_index.json` into an existing folder."""
        import faiss

        faiss.write_index(self.index, str(folder / INDEX_FILE))
        (folder / CONFIG_FILE).write_text(json.dumps(self.config.model_dump(mode="json"), indent=2, sort_keys=True))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. FAISS trusts the file, so verify the artifact's digest before calling this."""
        import faiss

        config = AnnIndexConfig.model_validate_json((folder / CONFIG_FILE).read_text())
        return cls(faiss.read_index(str(folder / INDEX_FILE)), config)


def build_index(vectors: np.ndarray, config: AnnIndexConfig, ids: np.ndarray | None = None) -> AnnIndex:
    """Index vectors for search by inner product.

    Args:
        vectors: `[n, embedding_size]` float32; a vector's position is what a search returns.
        config: Which index, and how; `auto` is the graph (`effort.index_that_finds` falls back to exact search).
        ids: `[n]` names of the vectors, for errors only; positions where `None`.

    Raises:
        UserError: There is no vector, or some are not finite or all zeros (named).
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    _refuse_unusable(vectors, ids)
    if config.kind == "auto":
        config = config.model_copy(update={"kind": "hnsw"})
    with faiss_threads(config.build_threads):
        index = _empty_index(vectors.shape[1], len(vectors), config)
        if not index.is_trained:
            index.train(vectors)
        index.add(vectors)
    return AnnIndex(index, config)


def _empty_index(size: int, n_vectors: int, config: AnnIndexConfig) -> faiss.Index:
    import faiss

    metric = faiss.METRIC_INNER_PRODUCT
    if config.kind == "flat":
        return faiss.IndexFlatIP(size)
    if config.kind == "hnsw":
        graph = faiss.IndexHNSWFlat(size, config.hnsw_neighbours, metric)
        graph.hnsw.efConstruction = config.hnsw_build_breadth
        return graph
    inverted: Any = faiss.IndexIVFFlat(faiss.IndexFlatIP(size), size, min(config.ivf_clusters, n_vectors), metric)
    inverted.cp.seed = config.seed
    inverted.cp.min_points_per_centroid = 1  # few vectors per cluster is the catalogue's nature, not worth a warning
    return inverted


def _refuse_unusable(vectors: np.ndarray, ids: np.ndarray | None) -> None:
    where = "vectors of the ANN index"
    if vectors.ndim != 2 or len(vectors) == 0:
        raise UserError(f"there are no vectors (shape {vectors.shape})", where, "Build the embeddings first")
    ids = np.arange(len(vectors)) if ids is None else ids
    for problem, bad in (
        ("not finite", ~np.isfinite(vectors).all(axis=1)),
        ("all zeros", ~vectors.any(axis=1)),
    ):
        if bad.any():
            named = ", ".join(str(name) for name in ids[bad][:IDS_SHOWN])
            more = "" if bad.sum() <= IDS_SHOWN else f" and {bad.sum() - IDS_SHOWN} more"
            raise UserError(
                f"{bad.sum()} of {len(vectors)} vectors are {problem}: {named}{more}",
                where,
                "Train the embeddings again (a learning rate that is too high does this), or leave these items out",
            )
