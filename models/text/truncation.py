"""Vectors cut to their first dimensions, as encoders trained for it (Matryoshka) allow."""

from __future__ import annotations

import numpy as np

from models.errors import UserError


def truncated(vectors: np.ndarray, n_dimensions: int | None) -> np.ndarray:
    """The first dimensions of unit vectors, made unit vectors again.

    Kusupati et al., "Matryoshka Representation Learning", NeurIPS 2022: an encoder trained on nested losses puts what
    matters most first. Of any other encoder a part of the vector tells less than its share.

    Args:
        vectors: `[n, d]` float32 of norm 1.
        n_dimensions: How many to keep; `None` for all.

    Returns:
        `[n, n_dimensions]` float32 of norm 1.

    Raises:
        UserError: There are fewer, or nothing is left of a vector.
    """
    if n_dimensions is None or not len(vectors):
        return vectors
    if n_dimensions > vectors.shape[1]:
        raise UserError(
            f"{n_dimensions} dimensions are asked for, the encoder's vectors have {vectors.shape[1]}",
            "setting text.dimensions",
            f"Set it to {vectors.shape[1]} or less, or leave it out to keep all.",
        )
    cut = vectors[:, :n_dimensions]
    norms = np.linalg.norm(cut, axis=1, keepdims=True)
    if n_empty := int((norms < 1e-6).sum()):
        raise UserError(
            f"nothing is left of {n_empty} text vectors in their first {n_dimensions} dimensions",
            "setting text.dimensions",
            "Keep more, or name an encoder that was trained to be cut under text.encoder.",
        )
    return cut / norms
