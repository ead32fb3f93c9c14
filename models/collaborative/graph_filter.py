"""Linear graph filters: a history is blurred over the graph of users and items, and sharpened; nothing is trained."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.collaborative.normalised_graph import degree_powers, normalised_graph
from models.collaborative.truncated_svd import OVERSAMPLING, truncated_svd
from models.retrieval.array_files import load_arrays, load_matrix, save_arrays, save_matrix
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES, history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.memory import PREPARATION, check_memory

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SLAB = 64
"""Users whose signals are multiplied at once: they stay in the cache, and 64 at once take a third of 1,024's time."""


class GraphFilterConfig(BaseModel):
    """Settings of `graph_filter`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Literal["gf_cf", "bspm_early", "bspm_late"] = Field(
        default="bspm_early",
        description="GF-CF; BSPM that sharpens the blurred history and its ideal low pass; or only the former.",
    )
    n_factors: int = Field(default=448, ge=1, description="Singular vectors that the ideal low pass keeps.")
    low_pass_weight: float = Field(default=0.2, ge=0, description="Weight of the ideal low pass beside the blur.")
    blur_time: float = Field(
        default=1.0, gt=0, description="BSPM: how long is blurred; 1 in one step is GF-CF's filter."
    )
    n_blur_steps: int = Field(default=1, ge=1, description="BSPM: Euler's steps over `blur_time`.")
    sharpen_time: float = Field(default=2.5, ge=0, description="BSPM: how long is sharpened; 0: not at all.")
    n_sharpen_steps: int = Field(default=1, ge=1, description="BSPM: steps over `sharpen_time`.")
    sharpen_order: Literal[1, 4] = Field(
        default=4, description="BSPM: sharpen by Euler's method (1) or Runge-Kutta (4)."
    )
    user_exponent: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Power of a training user's number of items by which that user counts less.",
    )
    popularity_exponent: float = Field(
        default=0.0, ge=-1, le=1, description="Scores are multiplied by this power of an item's number of users."
    )
    n_svd_iterations: int = Field(default=4, ge=0, description="Rounds of the random search for singular vectors.")
    seed: int = Field(default=42, ge=0, description="Seed of that search.")


class GraphFilter(Retriever):
    """Graph filters over the items' similarity graph: GF-CF (Shen et al., "How Powerful is Graph Convolution for
    Recommendation?", CIKM 2021) and BSPM (Choi et al., "Blurring-Sharpening Process Models for Collaborative
    Filtering", SIGIR 2023).

    With the binary matrix R and its users' and items' degrees, `N = D_U^-1/2 R D_I^-1/2` and `P = N' N`, and V the
    `n_factors` largest right singular vectors of N. For a history r, as a row of R:

    - ideal low pass: `low(r) = r D_I^-1/2 V V' D_I^1/2`;
    - `gf_cf`: `s = r P + low_pass_weight low(r)` (GF-CF's closed form, linear and ideal filter);
    - blurring: `db/dt = b P - b` from `b(0) = r` to `blur_time`, by `n_blur_steps` steps of Euler's method;
    - sharpening: `ds/dt = -s P` to `sharpen_time`, by `n_sharpen_steps` steps of Euler's or Runge-Kutta's method;
    - `bspm_early` (the paper's early merge): sharpening begins at `b + low_pass_weight low(r)`;
    - `bspm_late` (late merge): it begins at b, and `low_pass_weight low(r)` is added at its end.

    All is linear in r and all steps are polynomials in P, so `s = r p(P) + low(r) q(P)`; `V' D_I^1/2 q(P)` is
    multiplied out once in `fit`, `r p(P)` by sparse products with N for those who ask. No matrix of items x items is
    made.

    Differences from the papers: `user_exponent` in place of the users' 1/2, with N divided by its largest singular
    value so that this is 1 as before; and `popularity_exponent`: scores are multiplied by that power of the items'
    degrees. The singular vectors come from a random subspace iteration. A user is a history only, so nobody needs to
    have been in the training; one without a history scores 0 everywhere, and so does an item nobody touched.
    """

    name: ClassVar[str] = "graph_filter"
    Config: ClassVar[type[BaseModel]] = GraphFilterConfig

    config: GraphFilterConfig
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("n_factors",)

    def __init__(self, config: GraphFilterConfig):
        super().__init__(config)
        self.history_terms, self.low_pass_terms = filter_terms(config)

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        width = min(self.config.n_factors + OVERSAMPLING, shape.n_users, shape.n_items)
        return {
            "the graph in both directions": 40 * shape.n_interactions,
            "singular vectors": 4 * width * (7 * shape.n_users + 8 * shape.n_items),
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
        """Find the singular vectors and filter them; `validation`, `device` and `n_epochs` do not matter."""
        started = time.perf_counter()
        memory = check_memory(self, train)
        config = self.config
        matrix = history_matrix(train, np.arange(train.n_users))
        degrees = np.bincount(matrix.indices, minlength=train.n_items)
        self._set(normalised_graph(matrix, config.user_exponent), degree_powers(degrees, config.popularity_exponent))
        progress(self.name, 0, 1)
        _, values, vectors = truncated_svd(self.graph, config.n_factors, config.n_svd_iterations, config.seed)
        if len(values):
            self.graph.data /= values[0]
            self.by_item.data /= values[0]
        self.inward = vectors * degree_powers(degrees, -0.5)[:, None]  # n_items, k
        filtered = self._filtered((vectors * degree_powers(degrees, 0.5)[:, None]).T, self.low_pass_terms)
        self.outward = np.ascontiguousarray(filtered, dtype=np.float32)  # k, n_items
        progress(self.name, 1, 1)
        return FitReport(seconds=time.perf_counter() - started, memory=memory)

    def _set(self, graph: csr_matrix, scale: np.ndarray) -> None:
        self.graph, self.scale = graph, scale
        self.by_item = graph.T.tocsr()

    def _filtered(self, signals: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """`sum over k of terms[k] signals P^k` by Horner's rule, `[n, n_items]` float32."""
        found = np.empty((len(signals), self.graph.shape[1]), dtype=np.float32)
        for start in range(0, len(signals), SLAB):
            slab = np.ascontiguousarray(signals[start : start + SLAB].T, dtype=np.float32)  # n_items, slab
            total = terms[-1] * slab
            for term in terms[-2::-1]:
                total = self.by_item @ (self.graph @ total)
                if term:
                    total += term * slab
            found[start : start + SLAB] = total.T
        return found

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The filtered histories, `[n, n_items]` float32; see `Retriever.scores`."""
        matrix = history_matrix(histories, users)
        scores = (matrix @ self.inward) @ self.outward
        for start in range(0, len(users), SLAB):
            scores[start : start + SLAB] += self._filtered(matrix[start : start + SLAB].toarray(), self.history_terms)
        return np.asarray(scores * self.scale, dtype=np.float32)

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item with the largest P[item of history, item]; -1 where no user touched both."""
        if not len(history):
            return np.full(len(items), -1, dtype=np.int32)
        alike = (self.by_item[history] @ self.by_item[items].T).toarray()
        return np.where(alike.max(axis=0) > 0, history[alike.argmax(axis=0)], -1).astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write the graph's `indptr.npy`, `indices.npy` and `data.npy`, both factors, the scale and `config.json`."""
        save_matrix(folder, self.graph)
        save_arrays(folder, {"inward": self.inward, "outward": self.outward, "scale": self.scale})
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the factors are memory-mapped read-only."""
        retriever = cls(read_config(cls.name, GraphFilterConfig, folder))
        scale = load_arrays(folder, ["scale"])["scale"]
        retriever._set(load_matrix(folder, len(scale)), scale)
        retriever.inward, retriever.outward = load_arrays(folder, ["inward", "outward"], mapped=True).values()
        return retriever


def filter_terms(config: GraphFilterConfig) -> tuple[np.ndarray, np.ndarray]:
    """The polynomials in P that multiply the history and its ideal low pass.

    Args:
        config: Form, times, steps and weight.

    Returns:
        Two arrays of coefficients, that of `P^0` first.
    """
    from numpy.polynomial import Polynomial

    if config.form == "gf_cf":
        return np.array([0.0, 1.0]), np.array([config.low_pass_weight])
    similarity = Polynomial([0.0, 1.0])
    step = config.blur_time / config.n_blur_steps
    blur = (1 + step * (similarity - 1)) ** config.n_blur_steps
    change = -config.sharpen_time / config.n_sharpen_steps * similarity
    factorials = np.cumprod([1, *range(1, config.sharpen_order + 1)])
    sharpen = sum((change**k / factorials[k] for k in range(config.sharpen_order + 1)), Polynomial([0.0]))
    sharpen = sharpen**config.n_sharpen_steps
    low_pass = config.low_pass_weight * (sharpen if config.form == "bspm_early" else Polynomial([1.0]))
    return (blur * sharpen).trim().coef, low_pass.trim().coef
