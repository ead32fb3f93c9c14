"""The least squares of iALS, solved whole: many users' or items' small systems at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.retrieval.ials_config import IalsConfig

MAX_ELEMENTS = 2**19
"""Entries of gathered vectors that are worked on at once: 2 MiB, which a core's cache holds; 32 take 4 times longer."""


def solve(
    offsets: np.ndarray,
    others: np.ndarray,
    vectors: np.ndarray,
    config: IalsConfig,
    device: str = "cpu",
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
    for rows in _batches(lengths, size):
        width = int(lengths[rows].max())
        places = offsets[rows][:, None] + np.arange(width)
        inside = np.arange(width) < lengths[rows][:, None]
        index = np.where(inside, others[np.minimum(places, len(others) - 1)], len(vectors))
        index_of_all = torch.from_numpy(index.ravel()).to(device)
        # B, L, D; `padded[index]` takes seven times as long.
        gathered = padded.index_select(0, index_of_all).view(*index.shape, size)
        ridge = torch.from_numpy(penalties(lengths[rows], n_others, config)).to(device)
        normal = gathered.transpose(1, 2) @ gathered + everything + ridge[:, None, None] * identity
        target = gathered.sum(dim=1)  # B, D
        solved = torch.cholesky_solve(target[:, :, None], torch.linalg.cholesky(normal))[:, :, 0]
        found[rows] = solved.cpu().numpy()
    return found


def penalties(lengths: np.ndarray, n_others: int, config: IalsConfig) -> np.ndarray:
    """`[n]` float32, what is added to the diagonal of each row's system.

    Args:
        lengths: `[n]`, how many entries each row has.
        n_others: Rows of the other side.
        config: Weights and penalties.
    """
    weights = lengths + config.unobserved_weight * n_others
    return (config.l2 * weights**config.l2_exponent).astype(np.float32)


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
