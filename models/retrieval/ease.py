"""EASE: item-to-item weights by one regularised linear regression, in closed form."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES, history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.memory import PREPARATION, check_memory

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BYTES_OF_A_PAIR = 20
"""Of a pair of items: the Gram matrix as counts, in float64, its inverse turned into weights."""


class EaseConfig(BaseModel):
    """Settings of `ease`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    l2: float = Field(
        default=500.0, gt=0, description="Strength of the ridge penalty; higher trusts co-occurrences less."
    )
    min_users: int = Field(
        default=1, ge=1, description="Items touched by fewer users stay out of the matrix and always score 0."
    )
    max_items: int = Field(
        default=15_000,
        ge=1,
        description="Of more items than this the rarest stay out of the matrix, those of as few users all together; "
        "memory grows with the square (20 bytes per pair of items: 4.2 GiB).",
    )


class Ease(Retriever):
    """Embarrassingly shallow autoencoder (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019).

    With the binary user x item matrix `X`, the model scores `S = X B` (eq. 1) and minimises
    `||X - X B||^2 + l2 ||B||^2` subject to `diag(B) = 0` (eqs. 2 and 3). With `P = (X'X + l2 I)^-1` the minimum is
    `B[i, j] = -P[i, j] / P[j, j]` for `i != j`, and 0 on the diagonal (eq. 8).

    Differences from the paper: items touched by fewer than `min_users` users are left out of the matrix and score 0,
    and so are the rarest of more than `max_items`: a catalogue that grows must not end a nightly run.
    For items touched by nobody this changes nothing (their rows and columns of `B` are 0) but saves memory.
    A user without a history scores 0 everywhere.
    """

    name: ClassVar[str] = "ease"
    Config: ClassVar[type[BaseModel]] = EaseConfig

    config: EaseConfig
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("max_items",)

    def __init__(self, config: EaseConfig):
        super().__init__(config)
        self.n_items = 0
        self.kept = np.zeros(0, dtype=np.int32)
        self.weights = np.zeros((0, 0), dtype=np.float32)
        self._column_of = np.zeros(0, dtype=np.int32)

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        return {
            "weights of pairs of items": BYTES_OF_A_PAIR * min(self.config.max_items, shape.n_items) ** 2,
            PREPARATION: MATRIX_BYTES * shape.n_interactions,
        }

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """Solve for `B`; `validation`, `device` and `n_epochs` do not matter."""
        started = time.perf_counter()
        memory = check_memory(self, train)
        touched = history_matrix(train, np.arange(train.n_users))
        users_of_item = touched.getnnz(axis=0)
        least = fewest_users(users_of_item, self.config.min_users, self.config.max_items)
        kept = np.flatnonzero(users_of_item >= least).astype(np.int32)
        self._set(train.n_items, kept, np.zeros((0, 0), dtype=np.float32))
        progress(self.name, 0, 1)
        self.weights = _solve(touched[:, kept], self.config.l2)
        progress(self.name, 1, 1)
        left_out = int((users_of_item >= self.config.min_users).sum()) - len(kept)
        notes = {"least_users_of_an_item": least, "n_items_left_out": left_out} if left_out else {}
        return FitReport(seconds=time.perf_counter() - started, memory=memory, notes=notes)

    def _set(self, n_items: int, kept: np.ndarray, weights: np.ndarray) -> None:
        self.n_items, self.kept, self.weights = n_items, kept, weights
        self._column_of = np.full(n_items, -1, dtype=np.int32)
        self._column_of[kept] = np.arange(len(kept), dtype=np.int32)

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`X B` for some users, `[n, n_items]` float32; see `Retriever.scores`."""
        scores = np.zeros((len(users), self.n_items), dtype=np.float32)
        scores[:, self.kept] = history_matrix(histories, users)[:, self.kept] @ self.weights
        return scores

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item `h` with the largest `B[h, item]`; -1 if none of the history has a positive weight."""
        sources, targets = self._column_of[history], self._column_of[items]
        best = np.full(len(items), -1, dtype=np.int32)
        known = sources >= 0
        if not known.any():
            return best
        weights = self.weights[np.ix_(sources[known], np.maximum(targets, 0))]
        strongest = weights.argmax(axis=0)
        explained = (targets >= 0) & (weights.max(axis=0) > 0)
        best[explained] = history[known][strongest[explained]]
        return best

    def save(self, folder: Path) -> None:
        """Write `kept.npy`, `weights.npy`, `n_items.npy` and `config.json`."""
        save_arrays(folder, {"kept": self.kept, "weights": self.weights, "n_items": np.array(self.n_items)})
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the weights are memory-mapped read-only."""
        retriever = cls(read_config(cls.name, EaseConfig, folder))
        n_items, kept = load_arrays(folder, ["n_items", "kept"]).values()
        retriever._set(int(n_items), kept, load_arrays(folder, ["weights"], mapped=True)["weights"])
        return retriever


def fewest_users(users_of_item: np.ndarray, at_least: int, max_items: int) -> int:
    """The smallest number of users, from `at_least` up, that no more than `max_items` items reach.

    Args:
        users_of_item: `[n_items]` int.
        at_least: At least 1.
        max_items: At least 1.
    """
    counts = np.sort(users_of_item[users_of_item >= at_least])[::-1]
    return at_least if len(counts) <= max_items else int(counts[max_items]) + 1


def _solve(matrix: csr_matrix, l2: float) -> np.ndarray:
    """`B` of eq. 8 for a binary matrix `[n_users, n]`, as `[n, n]` float32.

    The inverse comes from a Cholesky factor, in float64: half the work of a general inverse, and `X'X + l2 I` is
    positive definite for every `l2 > 0`.
    """
    from scipy.linalg.lapack import dpotrf, dpotri

    n = matrix.shape[1]
    if n == 0:
        return np.zeros((0, 0), dtype=np.float32)
    gram = np.asfortranarray((matrix.T @ matrix).toarray(), dtype=np.float64)
    gram[np.diag_indices(n)] += l2
    factor, failed = dpotrf(gram, lower=1, clean=1, overwrite_a=1)
    if failed:
        raise FloatingPointError(f"the Gram matrix of {n} items with l2={l2} is not positive definite")
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    diagonal = inverse.diagonal().copy()
    np.fill_diagonal(inverse, 0.0)
    weights = inverse.astype(np.float32)
    weights += inverse.T.astype(np.float32)
    weights /= -diagonal.astype(np.float32)
    return np.ascontiguousarray(weights)
