"""Building an index over vectors."""

from __future__ import annotations

import numpy as np

from models.ann.config import AnnIndexConfig
from models.ann.faiss_index import empty_index, train
from models.ann.fingerprints import row_fingerprints
from models.ann.index import AnnIndex
from models.ann.metric import prepared
from models.errors import UserError
from models.training.threads import faiss_threads

IDS_SHOWN = 5


def build_index(vectors: np.ndarray, config: AnnIndexConfig, ids: np.ndarray | None = None) -> AnnIndex:
    """Index vectors for search by inner product or cosine.

    Args:
        vectors: `[n, embedding_size]` float32; a vector's position is what a search returns.
        config: Which index, and how; `auto` is the graph (`effort.index_that_finds` falls back to exact search).
        ids: `[n]` names of the vectors, for errors only; positions where `None`.

    Raises:
        UserError: There is no vector, or some are not finite or all zeros (named).
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    refuse_unusable(vectors, ids)
    if config.kind == "auto":
        config = config.model_copy(update={"kind": "hnsw"})
    compared = prepared(vectors, config.metric)
    with faiss_threads(config.build_threads):
        index = empty_index(vectors.shape[1], len(vectors), config)
        train(index, compared)
        index.add(compared)
    return AnnIndex(index, config, row_fingerprints(vectors))


def refuse_unusable(
    vectors: np.ndarray,
    ids: np.ndarray | None = None,
    where: str = "vectors of the ANN index",
    zeros_are_refused: bool = True,
) -> None:
    """Raise where vectors cannot be compared.

    Args:
        vectors: `[n, embedding_size]`.
        ids: `[n]` their names; positions where `None`.
        where: What they are, for the error.
        zeros_are_refused: Whether a vector of zeros, which is as near to everything, is an error.

    Raises:
        UserError: There is no vector, or some are not finite or all zeros (named).
    """
    if vectors.ndim != 2 or len(vectors) == 0:
        raise UserError(f"there are no vectors (shape {vectors.shape})", where, "Build the embeddings first")
    ids = np.arange(len(vectors)) if ids is None else ids
    zeros = ~vectors.any(axis=1) & zeros_are_refused
    for problem, bad in (("not finite", ~np.isfinite(vectors).all(axis=1)), ("all zeros", zeros)):
        if bad.any():
            raise UserError(
                f"{bad.sum()} of {len(vectors)} vectors are {problem}: {named(ids[bad])}",
                where,
                "Train the embeddings again (a learning rate that is too high does this), or leave these items out",
            )


def named(ids: np.ndarray) -> str:
    """The first few of some ids, and how many more there are."""
    more = "" if len(ids) <= IDS_SHOWN else f" and {len(ids) - IDS_SHOWN} more"
    return ", ".join(str(name) for name in ids[:IDS_SHOWN]) + more
