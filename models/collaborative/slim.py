"""SLIM: few, non-negative weights from item to item, by a regression with both penalties for each item."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.retrieval.array_files import load_matrix, save_matrix
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES, history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.memory import PREPARATION, check_memory

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BLOCK_ITEMS = 256
"""Items solved together; their small Gram matrices take 4 bytes x n_candidates^2 each: 10 MiB at 100 candidates."""
BYTES_OF_A_PAIR = 64
"""Of two items that somebody touched both, while the candidates of a block are sorted."""
CONVERGED = 1e-5


class SlimConfig(BaseModel):
    """Settings of `slim`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    l1: float = Field(default=1.0, ge=0, description="Strength of the penalty that makes weights 0; in users.")
    l2: float = Field(default=5.0, gt=0, description="Strength of the ridge penalty; in users.")
    n_candidates: int = Field(
        default=100, ge=1, description="Items with the most shared users that may have a weight, for each item."
    )
    max_sweeps: int = Field(
        default=20, ge=1, description="Times that each weight is solved at most; it ends when none moves any more."
    )


class Slim(Retriever):
    """Sparse linear methods (Ning and Karypis, "SLIM: Sparse Linear Methods for Top-N Recommender Systems", ICDM 2011).

    With the binary user x item matrix A, a user's scores are their row of `A W` (eq. 2). Each column of W minimises
    `1/2 |a_j - A w_j|^2 + l2/2 |w_j|^2 + l1 |w_j|_1` with `w_j >= 0` and `w_jj = 0` (eq. 4), by coordinate descent on
    `G = A'A`: `w_i = max(0, (G_ij - sum over k != i of G_ik w_k - l1) / (G_ii + l2))`.

    An item that shares no user with j has the weight 0 in the minimum, since all of G and w is at least 0: so leaving
    it out changes nothing. Of the others only the `n_candidates` with the most shared users are kept, the paper's
    feature selection (fsSLIM) by counts instead of cosines. No matrix of items x items is made.

    A user without a history scores 0 everywhere; so does an item nobody touched.
    """

    name: ClassVar[str] = "slim"
    Config: ClassVar[type[BaseModel]] = SlimConfig

    config: SlimConfig
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("n_candidates",)

    def __init__(self, config: SlimConfig):
        super().__init__(config)
        self.weights: csr_matrix | None = None

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        n_block, n_candidates = min(BLOCK_ITEMS, shape.n_items), min(self.config.n_candidates, shape.n_items)
        return {
            "the interactions by item": 16 * shape.n_interactions,
            "a block of items": BYTES_OF_A_PAIR * shape.pairs_of_items(n_block) + 5 * n_block * n_candidates**2,
            "the weights": 48 * n_candidates * shape.n_items // 2,
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
        """Solve blocks of items; `validation`, `device` and `n_epochs` do not matter."""
        from scipy.sparse import csr_matrix

        started = time.perf_counter()
        memory = check_memory(self, train)
        matrix = history_matrix(train, np.arange(train.n_users))
        by_item, n_items = matrix.T.tocsr(), train.n_items
        sources, targets, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for start in range(0, n_items, BLOCK_ITEMS):
            owners = np.arange(start, min(start + BLOCK_ITEMS, n_items))
            candidates, shared = most_shared(by_item, matrix, owners, self.config.n_candidates)
            solved = solve(gram_matrices(by_item, candidates), shared, self.config)
            row, place = np.nonzero(solved)
            sources.append(candidates[row, place])
            targets.append(owners[row])
            values.append(solved[row, place])
            progress(self.name, int(owners[-1]) + 1, n_items)
        found = np.concatenate(sources), np.concatenate(targets)
        self.weights = csr_matrix((np.concatenate(values), found), (n_items, n_items))
        return FitReport(seconds=time.perf_counter() - started, memory=memory)

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`A W` of some users, `[n, n_items]` float32; see `Retriever.scores`."""
        return np.asarray((history_matrix(histories, users) @ self.weights).todense(), dtype=np.float32)

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item with the largest weight for each item; -1 where none has one."""
        if not len(history) or self.weights is None:
            return np.full(len(items), -1, dtype=np.int32)
        found = self.weights[history][:, items].toarray()
        return np.where(found.max(axis=0) > 0, history[found.argmax(axis=0)], -1).astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write the weights' `indptr.npy`, `indices.npy`, `data.npy` and `config.json`."""
        save_matrix(folder, self.weights)
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        retriever = cls(read_config(cls.name, SlimConfig, folder))
        retriever.weights = load_matrix(folder)
        return retriever


def most_shared(by_item: csr_matrix, matrix: csr_matrix, owners: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k items that share most users with each of some items.

    Args:
        by_item: `[n_items, n_users]`, binary.
        matrix: Its transposed.
        owners: Items, `[B]`, ascending and without gaps.
        k: At least 1.

    Returns:
        Items `[B, K]`, most shared users first and equal ones by item, -1 where there are fewer; and how many users
        they share, `[B, K]` float32. K is k, or fewer if no item has as many.
    """
    together = (by_item[owners] @ matrix).tocsr()
    row = np.repeat(np.arange(len(owners)), np.diff(together.indptr))
    others = together.indices != owners[row]
    row, items, counts = row[others], together.indices[others], together.data[others]
    order = np.lexsort((items, -counts, row))
    row, items, counts = row[order], items[order], counts[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = place < k
    width = int(place[kept].max(initial=-1)) + 1
    found, shared = np.full((len(owners), width), -1, dtype=np.int64), np.zeros((len(owners), width), dtype=np.float32)
    found[row[kept], place[kept]] = items[kept]
    shared[row[kept], place[kept]] = counts[kept]
    return found, shared


def gram_matrices(by_item: csr_matrix, candidates: np.ndarray) -> np.ndarray:
    """How many users each two candidates of an item share, `[B, K, K]` float32; 0 where the candidate is -1."""
    n, width = candidates.shape
    grams = np.zeros((n, width, width), dtype=np.float32)
    for row, items in enumerate(candidates):
        n_found = int((items >= 0).sum())
        columns = by_item[items[:n_found]]
        grams[row, :n_found, :n_found] = (columns @ columns.T).toarray()
    return grams


def solve(grams: np.ndarray, shared: np.ndarray, config: SlimConfig) -> np.ndarray:
    """Coordinate descent of many regressions at once.

    Args:
        grams: G of each item's candidates, `[B, K, K]`.
        shared: G between the candidates and the item itself, `[B, K]`.
        config: Penalties and sweeps.

    Returns:
        Weights `[B, K]` float32, at least 0.
    """
    weights, rest = np.zeros_like(shared), shared - config.l1  # rest: the negative gradient without the ridge
    diagonals = np.einsum("bkk->bk", grams)
    for _ in range(config.max_sweeps):
        largest = 0.0
        for k in range(shared.shape[1]):
            before = weights[:, k]
            after = np.maximum(0, (rest[:, k] + diagonals[:, k] * before) / (diagonals[:, k] + config.l2))
            change = after - before
            moved = np.flatnonzero(change)
            if len(moved):
                rest[moved] -= grams[moved, k] * change[moved, None]
                weights[:, k] = after
                largest = max(largest, float(np.abs(change).max()))
        if largest < CONVERGED:
            break
    return weights
