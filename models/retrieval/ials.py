"""iALS: factors of users and items by alternating least squares over everything, seen and unseen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import BaseModel

from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES, history_matrix
from models.retrieval.ials_config import IalsConfig
from models.retrieval.ials_solver import MAX_ELEMENTS, solve
from models.retrieval.ials_steps import improve
from models.retrieval.interactions import Interactions
from models.retrieval.memory import PREPARATION, check_memory
from models.training.threads import torch_threads

USERS_OF_AN_ITEM = 10
"""One user in so many touched the most popular item, as far as memory is estimated."""
ALMOST_NOTHING = 1e-6


class Ials(Retriever):
    """Implicit alternating least squares (Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback
    Datasets", ICDM 2008; Rendle et al., "Revisiting the Performance of iALS on Item Recommendation Benchmarks",
    RecSys 2022).

    With the set S of touched pairs it minimises
    `sum over S of (x_u y_i - 1)^2 + w sum over all (x_u y_i)^2 + sum_u l_u |x_u|^2 + sum_i l_i |y_i|^2` (Rendle et al.,
    eqs. 1 to 3), with `w = unobserved_weight` and `l_u = l2 (n_u + w n_items)^l2_exponent` (eq. 6), for items likewise.
    Given the items' vectors Y, `x_u = (w Y'Y + sum of y y' over the history + l_u I)^-1 (sum of y)`, and the same the
    other way round.

    In training each system is solved by a few conjugate-gradient steps that begin at the vector of the iteration before
    (Takacs, Pilaszy and Tikk, "Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative
    Filtering", RecSys 2011): a step costs what the history is long, a whole solution the cube of the vectors' length.

    Differences from the papers: every interaction counts once, whatever its weight. Users' vectors are solved whole for
    their present history when they are asked for, so nobody needs to have been in the training. An item nobody touched
    has a millionth of the mean item's vector, not 0, because an index of vectors cannot hold 0. A user without a
    history scores 0 everywhere.
    """

    name: ClassVar[str] = "ials"
    has_vectors: ClassVar[bool] = True
    Config: ClassVar[type[BaseModel]] = IalsConfig

    config: IalsConfig
    _gram: np.ndarray | None = None
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("embedding_size",)

    def __init__(self, config: IalsConfig):
        super().__init__(config)
        self.items = np.zeros((0, config.embedding_size), dtype=np.float32)

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        size, longest_row = self.config.embedding_size, max(shape.longest, shape.n_users // USERS_OF_AN_ITEM)
        return {
            "vectors": 4 * size * (2 * (shape.n_users + shape.n_items) + max(shape.n_users, shape.n_items)),
            "a batch of systems": 24 * max(MAX_ELEMENTS, size * min(longest_row, shape.n_interactions)),
            "the interactions in both directions": 16 * shape.n_interactions,
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
        """Solve users and items in turn; `validation` and `n_epochs` do not matter.

        The vectors begin as normal draws of standard deviation `0.1 / sqrt(embedding_size)`.
        """
        started = time.perf_counter()
        memory = check_memory(self, train)
        config = self.config
        by_user = history_matrix(train, np.arange(train.n_users))
        by_item = by_user.T.tocsr()
        draws = np.random.default_rng(config.seed).standard_normal((train.n_items, config.embedding_size))
        items = (draws * 0.1 / np.sqrt(config.embedding_size)).astype(np.float32)
        users = np.zeros((train.n_users, config.embedding_size), dtype=np.float32)
        with torch_threads(config.n_threads):
            for iteration in range(config.n_iterations):
                users = improve(by_user.indptr, by_user.indices, items, users, config, device)
                items = improve(by_item.indptr, by_item.indices, users, items, config, device)
                progress(self.name, iteration + 1, config.n_iterations)
        untouched = np.diff(by_item.indptr) == 0
        typical = items[~untouched].mean(axis=0) if (~untouched).any() else np.ones(config.embedding_size)
        items[untouched] = ALMOST_NOTHING * typical
        self.items, self._gram = items, None
        return FitReport(seconds=time.perf_counter() - started, memory=memory)

    def item_vectors(self) -> np.ndarray:
        """`[n_items, embedding_size]` float32."""
        return self.items

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, embedding_size]` float32, solved for the users' histories."""
        matrix = history_matrix(histories, users)
        used, places = np.unique(matrix.indices, return_inverse=True)
        if self._gram is None:
            self._gram = self.items.T @ self.items
        with torch_threads(self.config.n_threads):
            return solve(matrix.indptr, places, self.items[used], self.config, whole=(self._gram, len(self.items)))

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`x_u y_i`, `[n, n_items]` float32; see `Retriever.scores`."""
        return self.user_vectors(histories, users) @ self.items.T

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item whose vector points most to each item's; -1 where none points there."""
        if not len(history):
            return np.full(len(items), -1, dtype=np.int32)
        alike = self.items[history] @ self.items[items].T
        return np.where(alike.max(axis=0) > 0, history[alike.argmax(axis=0)], -1).astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write `items.npy` and `config.json`."""
        save_arrays(folder, {"items": self.items})
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the vectors are memory-mapped read-only."""
        retriever = cls(read_config(cls.name, IalsConfig, folder))
        retriever.items = load_arrays(folder, ["items"], mapped=True)["items"]
        return retriever
