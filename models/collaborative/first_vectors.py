"""Where training begins: drawn vectors, or those that the graph's largest singular values belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.collaborative.normalised_graph import normalised_graph
from models.collaborative.truncated_svd import truncated_svd

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from models.collaborative.embedding_config import VectorConfig


def first_vectors(config: VectorConfig, matrix: csr_matrix) -> tuple[torch.Tensor, torch.Tensor]:
    """First vectors of users and items, drawn from torch's generator.

    With `start: spectral` the columns are the singular vectors of `D_U^-1/2 R D_I^-1/2`, the largest first, scaled to
    a root mean square of `start_scale`; columns beyond the graph's rank stay as drawn, and so do rows nobody touched,
    because a vector of 0 has no direction.

    Args:
        config: Size, start, scale and seed.
        matrix: The binary user x item matrix.

    Returns:
        `[n_users, D]` and `[n_items, D]` float32.
    """
    users, items = (torch.randn(n, config.embedding_size) * config.start_scale for n in matrix.shape)
    if config.start == "spectral":
        left, _, right = truncated_svd(normalised_graph(matrix), config.embedding_size, seed=config.seed)
        for vectors, found in ((users, left), (items, right)):
            touched = np.flatnonzero(found.any(axis=1))
            scaled = found[touched] * np.float32(config.start_scale * np.sqrt(len(found)))
            vectors[torch.from_numpy(touched), : found.shape[1]] = torch.from_numpy(scaled)
    return users, items
