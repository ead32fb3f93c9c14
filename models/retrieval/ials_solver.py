"""The least squares of iALS: many users' or items' small systems at once.

SciPy's conjugate gradients solve one system a call; here all rows of a batch take their steps together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from models.retrieval.ials_config import IalsConfig

if TYPE_CHECKING:
    from torch import Tensor

MAX_ELEMENTS = 2**19
"""Entries of gathered vectors that are worked on at once: 2 MiB, which a core's cache holds; 32 take 4 times longer."""
SMALLEST = 1e-30


def solve(
    offsets: np.ndarray,
    others: np.ndarray,
    vectors: np.ndarray,
    config: IalsConfig,
    device: str = "cpu",
    start: np.ndarray | None = None,
    whole: tuple[np.ndarray, int] | None = None,
) -> np.ndarray:
    """The best vectors of one side, given those of the other.

    Rows of like length are solved together, padded with a vector of 0, which changes no sum.

    Args:
        offsets: `[n + 1]`, where each row's entries begin (CSR).
        others: Indices into `vectors` of each row's entries.
        vectors: `[m, embedding_size]` float32 of the other side.
        config: Weights and penalties.
        device: Where it is computed.
        start: `[n, embedding_size]`, vectors to improve by `n_cg_steps`; `None`: solved whole.
        whole: `Y'Y` and the number of all vectors of the other side, where `vectors` are only those that the entries
            name: a few users then cost nothing for the rest of a catalogue. `None`: they are all.

    Returns:
        `[n, embedding_size]` float32; 0 for a row without entries.
    """
    import torch

    size, lengths = config.embedding_size, np.diff(offsets)
    found = np.zeros((len(lengths), size), dtype=np.float32)
    given = torch.from_numpy(np.array(vectors)).to(device)
    padded = torch.cat([given, given.new_zeros(1, size)])
    gram, n_others = (given.T @ given, len(vectors)) if whole is None else (torch.tensor(whole[0]).to(device), whole[1])
    everything = config.unobserved_weight * gram
    identity = torch.eye(size, device=device)
    n_steps = config.n_cg_steps if start is not None else 0
    for rows in _batches(lengths, size):
        width = int(lengths[rows].max())
        places = offsets[rows][:, None] + np.arange(width)
        inside = np.arange(width) < lengths[rows][:, None]
        index = np.where(inside, others[np.minimum(places, len(others) - 1)], len(vectors))
        index_of_all = torch.from_numpy(index.ravel()).to(device)
        # B, L, D; `padded[index]` takes seven times as long.
        gathered = padded.index_select(0, index_of_all).view(*index.shape, size)
        penalty = config.l2 * (lengths[rows] + config.unobserved_weight * n_others) ** config.l2_exponent
        ridge = torch.from_numpy(penalty.astype(np.float32)).to(device)[:, None]
        target = gathered.sum(dim=1)  # B, D
        if start is not None and n_steps:
            first = torch.from_numpy(start[rows]).to(device)
            solved = _improve(first, target, partial(_normal_times, gathered, everything, ridge), n_steps)
        else:
            normal = gathered.transpose(1, 2) @ gathered + everything + ridge[:, :, None] * identity
            solved = torch.cholesky_solve(target[:, :, None], torch.linalg.cholesky(normal))[:, :, 0]
        found[rows] = solved.cpu().numpy()
    return found


def _normal_times(gathered: Tensor, everything: Tensor, ridge: Tensor, vectors: Tensor) -> Tensor:
    """The normal matrices times vectors `[B, D]`, without making the matrices."""
    along = (gathered * vectors[:, None, :]).sum(dim=2)  # B, L; a matrix times a vector takes four times as long
    return (along[:, None, :] @ gathered)[:, 0] + vectors @ everything + ridge * vectors


def _improve(found: Tensor, target: Tensor, times: Callable[[Tensor], Tensor], n_steps: int) -> Tensor:
    """Conjugate-gradient steps towards `times(x) = target`, of every row at once, `[B, D]`.

    A row that is solved (its residual is 0) stays.
    """
    residual = target - times(found)
    direction, size = residual, residual.square().sum(dim=1, keepdim=True)
    for _ in range(n_steps):
        image = times(direction)
        curvature = (direction * image).sum(dim=1, keepdim=True)
        step = size / curvature.clamp_min(SMALLEST)
        found = found + step * direction
        residual = residual - step * image
        following = residual.square().sum(dim=1, keepdim=True)
        direction = residual + following / size.clamp_min(SMALLEST) * direction
        size = following
    return found


def _batches(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows with entries, shortest first, as many at once as `MAX_ELEMENTS` allow."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        stop = min(len(order), start + max(1, MAX_ELEMENTS // (size * size)))
        while stop - start > 1 and (stop - start) * int(lengths[order[stop - 1]]) * size > MAX_ELEMENTS:
            stop = start + (stop - start) // 2
        yield order[start:stop]
        start = stop
