"""iALS: factors of users and items by alternating least squares over everything, seen and unseen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES, history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.memory import PREPARATION, check_memory
from models.training.threads import torch_threads

if TYPE_CHECKING:
    from torch import Tensor

MAX_ELEMENTS = 2**19
"""Entries of gathered vectors that are worked on at once: 2 MiB, which a core's cache holds; 32 take 4 times longer."""
USERS_OF_AN_ITEM = 10
"""One user in so many touched the most popular item, as far as memory is estimated."""
ALMOST_NOTHING = 1e-6
SMALLEST = 1e-30


class IalsConfig(BaseModel):
    """Settings of `ials`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding_size: int = Field(default=64, ge=1, description="Length of a vector.")
    n_iterations: int = Field(default=16, ge=1, description="Times that all users and then all items are solved.")
    unobserved_weight: float = Field(
        default=0.1, gt=0, description="Weight of every pair of user and item, seen or not; a seen one has 1 more."
    )
    l2: float = Field(default=0.003, gt=0, description="Strength of the ridge penalty.")
    l2_exponent: float = Field(
        default=1.0, ge=0, le=1, description="How much the penalty grows with a user's or item's interactions."
    )
    n_cg_steps: int = Field(
        default=3,
        ge=0,
        description="Conjugate-gradient steps from the vectors of the iteration before; 0: systems are solved whole.",
    )
    n_threads: int = Field(default=1, ge=1, description="CPU threads.")
    seed: int = Field(default=42, ge=0, description="Seed of the first item vectors.")


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
                users = solve(by_user.indptr, by_user.indices, items, config, device, users)
                items = solve(by_item.indptr, by_item.indices, users, config, device, items)
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
        np.save(folder / "items.npy", self.items, allow_pickle=False)
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the vectors are memory-mapped read-only."""
        retriever = cls(read_config(cls.name, IalsConfig, folder))
        retriever.items = np.load(folder / "items.npy", mmap_mode="r", allow_pickle=False)
        return retriever


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
        whole: `Y'Y` and the number of all vectors of the other side, where `vectors` are only those that the entries
            name: a few users then cost nothing for the rest of a catalogue. `None`: they are all.
        start: `[n, embedding_size]`, vectors to improve by `n_cg_steps`; `None`: solved whole.

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
