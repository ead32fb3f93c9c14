"""Item-kNN: an item is near to those that the same users touched; a user gets what is near to their history."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

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

BLOCK_ITEMS = 1024
PAIR_BYTES = 64
"""Of two items of a block that somebody touched both: the count, and what sorting holds."""


class ItemKnnConfig(BaseModel):
    """Settings of `item_knn`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    similarity: Literal["cosine", "bm25"] = Field(
        default="cosine", description="Cosine of the items' users, or of their users weighted by Okapi BM25."
    )
    n_neighbours: int = Field(default=100, ge=1, description="Nearest items kept for each item.")
    shrinkage: float = Field(
        default=0.0, ge=0, description="Added to the cosine's denominator: trusts items of few users less."
    )
    k1: float = Field(default=1.2, gt=0, description="BM25: how soon a weight saturates.")
    b: float = Field(default=0.75, ge=0, le=1, description="BM25: how much a long history counts less.")


class ItemKnn(Retriever):
    """Item-based nearest neighbours (Deshpande and Karypis, "Item-Based Top-N Recommendation Algorithms", TOIS 2004).

    With the binary user x item matrix X, `s[i, j] = <x_i, x_j> / (|x_i| |x_j| + shrinkage)` over users; each item j
    keeps its `n_neighbours` most similar items i, and a user scores `sum over i in history of s[i, j]`.

    With `bm25` the entries of X are `idf_i (k1 + 1) / (1 + k1 (1 - b + b L_u / mean L))` for a user with `L_u` items,
    `idf_i = ln(1 + (n_users - n_i + 0.5) / (n_i + 0.5))` (Robertson and Zaragoza, "The Probabilistic Relevance
    Framework", 2009, eqs. 3.3 and 3.15, users as documents and every term frequency 1).

    Differences from the paper: similarities are not scaled to sum to 1 per item, so popular items keep their lead.
    A user without a history scores 0 everywhere; so does an item nobody touched.
    """

    name: ClassVar[str] = "item_knn"
    Config: ClassVar[type[BaseModel]] = ItemKnnConfig

    config: ItemKnnConfig
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("n_neighbours",)

    def __init__(self, config: ItemKnnConfig):
        super().__init__(config)
        self.similar: csr_matrix | None = None

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        return {
            "the interactions as matrices": 40 * shape.n_interactions,
            "similarities of a block of items": PAIR_BYTES * shape.pairs_of_items(min(BLOCK_ITEMS, shape.n_items)),
            "those that are kept": 32 * min(self.config.n_neighbours, shape.n_items) * shape.n_items,
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
        """Count in blocks of items; `validation`, `device` and `n_epochs` do not matter."""
        started = time.perf_counter()
        memory = check_memory(self, train)
        weighted = self._weighted(history_matrix(train, np.arange(train.n_users)))
        self.similar = self._neighbours(weighted, progress)
        return FitReport(seconds=time.perf_counter() - started, memory=memory)

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """Sums of similarities to the history, `[n, n_items]` float32; see `Retriever.scores`."""
        return np.asarray((history_matrix(histories, users) @ self.similar).todense(), dtype=np.float32)

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item that is most similar to each item; -1 if none is among its neighbours."""
        if not len(history) or self.similar is None:
            return np.full(len(items), -1, dtype=np.int32)
        found = self.similar[history][:, items].toarray()
        return np.where(found.max(axis=0) > 0, history[found.argmax(axis=0)], -1).astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write the similarities' `indptr.npy`, `indices.npy`, `data.npy` and `config.json`."""
        save_matrix(folder, self.similar)
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        retriever = cls(read_config(cls.name, ItemKnnConfig, folder))
        retriever.similar = load_matrix(folder)
        return retriever

    def _weighted(self, matrix: csr_matrix) -> csr_matrix:
        """X, or its BM25 weights."""
        if self.config.similarity == "cosine" or not matrix.nnz:
            return matrix
        n_users = (matrix.indptr[1:] > matrix.indptr[:-1]).sum()
        users_of_item = np.bincount(matrix.indices, minlength=matrix.shape[1])
        idf = np.log1p((n_users - users_of_item + 0.5) / (users_of_item + 0.5))
        lengths = np.diff(matrix.indptr)
        norm = 1 - self.config.b + self.config.b * lengths / (matrix.nnz / n_users)
        factor = np.repeat((self.config.k1 + 1) / (1 + self.config.k1 * norm), lengths)
        weighted = matrix.copy()
        weighted.data = (idf[matrix.indices] * factor).astype(np.float32)
        return weighted

    def _neighbours(self, weighted: csr_matrix, progress: Progress) -> csr_matrix:
        """`[n_items, n_items]`: column j holds the similarities of item j's nearest items."""
        from scipy.sparse import csr_matrix, vstack

        columns = weighted.tocsc()
        n_items = weighted.shape[1]
        lengths = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
        blocks = []
        for start in range(0, n_items, BLOCK_ITEMS):
            stop = min(start + BLOCK_ITEMS, n_items)
            together = (columns[:, start:stop].T @ weighted).tocsr()
            owners = np.repeat(np.arange(start, stop), np.diff(together.indptr))
            together.data /= np.maximum(lengths[owners] * lengths[together.indices] + self.config.shrinkage, 1e-12)
            together.data[together.indices == owners] = 0.0
            blocks.append(_largest(together, self.config.n_neighbours))
            progress(self.name, stop, n_items)
        rows = vstack(blocks, format="csr") if blocks else csr_matrix((0, 0), dtype=np.float32)
        return rows.T.tocsr().astype(np.float32)


def _largest(matrix: csr_matrix, k: int) -> csr_matrix:
    """The k largest positive entries of each row, the first columns of equal ones."""
    from scipy.sparse import csr_matrix

    matrix.sort_indices()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, row))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], np.diff(matrix.indptr))
    kept = order[(place < k) & (matrix.data[order] > 0)]
    return csr_matrix((matrix.data[kept], (row[kept], matrix.indices[kept])), matrix.shape)
