"""Exact search by torch, for a GPU: there comparing with every vector is faster than being clever on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

MAX_SCORES = 2**27
"""Scores that are on the device at once: half a GiB."""


class TorchVectors:
    """Vectors on a device, each of which is compared with each query.

    Scores are products of float32 that are not rounded to fewer bits on the way (no TF32).

    Args:
        vectors: `[n_vectors, D]` float32.
        device: `cuda`, or `cpu`, where FAISS is the faster one.
    """

    def __init__(self, vectors: np.ndarray, device: str):
        import torch

        self.device = device
        self.vectors = torch.from_numpy(vectors).to(device)

    def search(self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k vectors with the largest inner products.

        Args:
            queries: `[n, D]` float32.
            k: List length, at least 1.
            allowed: `[n_vectors]` bool, by row: which may be found; `None` allows all.

        Returns:
            Scores `[n, k]` float32 and rows `[n, k]` int64, best first; -1 with score `-inf` where there are fewer.
        """
        import torch

        n, n_vectors = len(queries), len(self.vectors)
        scores = np.full((n, k), -np.inf, dtype=np.float32)
        rows = np.full((n, k), -1, dtype=np.int64)
        among = torch.arange(n_vectors, device=self.device)
        if allowed is not None:
            among = torch.from_numpy(np.flatnonzero(allowed)).to(self.device)
        length = min(k, len(among))
        if length == 0:
            return scores, rows
        vectors = self.vectors if allowed is None else self.vectors[among]
        block = max(1, MAX_SCORES // len(among))
        for start in range(0, n, block):
            best, places = self._best(torch.from_numpy(queries[start : start + block]), vectors, length)
            scores[start : start + block, :length] = best.cpu().numpy()
            rows[start : start + block, :length] = among[places].cpu().numpy()
        return scores, rows

    def _best(self, queries: Tensor, vectors: Tensor, length: int) -> tuple[Tensor, Tensor]:
        import torch

        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = False
        try:
            return (queries.to(self.device) @ vectors.T).topk(length, dim=1)
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before
