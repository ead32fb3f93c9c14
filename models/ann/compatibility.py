"""Whether an index is of these vectors, or of others, as after embeddings were trained again."""

from __future__ import annotations

import numpy as np

from models.ann.build import named
from models.ann.fingerprints import row_fingerprints
from models.ann.index import AnnIndex
from models.errors import UserError

WHERE = "ANN index"
MEND = "Materialise the index again, from the embeddings as they are now"


def refuse_other_vectors(index: AnnIndex, vectors: np.ndarray, ids: np.ndarray) -> None:
    """Raise where an index would answer for other vectors than these.

    Args:
        index: The index.
        vectors: `[n, embedding_size]` float32, what should be in it, by position.
        ids: `[n]` their names, for the error.

    Raises:
        UserError: It holds another number of vectors, of another size, or other ones (named), or does not say which.
    """
    if index.n_vectors != len(vectors):
        raise UserError(f"it holds {index.n_vectors} vectors, the vocabulary {len(vectors)} items", WHERE, MEND)
    refuse_changed(index, stored_fingerprints(index), vectors, ids)


def stored_fingerprints(index: AnnIndex) -> np.ndarray:
    """The fingerprints of the vectors in an index.

    Raises:
        UserError: It has none.
    """
    if index.fingerprints is None:
        raise UserError("it does not say of which vectors it is, as those of earlier versions", WHERE, MEND)
    return index.fingerprints


def refuse_changed(index: AnnIndex, fingerprints: np.ndarray, vectors: np.ndarray, ids: np.ndarray) -> None:
    """Raise where vectors are not those of some fingerprints.

    Args:
        index: Where they came from.
        fingerprints: `[n]` of the vectors that are in it.
        vectors: `[n, embedding_size]` float32, the same ones as they are now.
        ids: `[n]` their names.

    Raises:
        UserError: The size differs, or some vectors (named).
    """
    if vectors.shape[1] != index.index.d:
        raise UserError(f"its vectors have {index.index.d} dimensions, those of now {vectors.shape[1]}", WHERE, MEND)
    changed = row_fingerprints(vectors) != fingerprints
    if changed.any():
        words = f"{changed.sum()} of {len(ids)} items have other vectors now than in it, so they were trained again"
        raise UserError(f"{words}: {named(ids[changed])}", WHERE, MEND)
