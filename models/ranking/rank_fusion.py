"""What the sources' own ranks say together: the order that a ranker starts from and may only improve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

MAX_STEPS = 50
TOLERANCE = 1e-9


@dataclass(frozen=True)
class RankFusion:
    """A weight for every source: `score(i) = - sum over sources s of weight_s * log(1 + rank_s(i))`.

    The weights are those of a conditional logit over each user's candidates (McFadden 1974, "Conditional logit
    analysis of qualitative choice behavior", eq. 12): the probability that a user takes candidate `i` is
    `exp(score(i)) / sum over j of exp(score(j))`. So few numbers carry over from one week to the next, where trees,
    which can tell single items by their counts, learn the week's hits.

    Attributes:
        weights: By source; positive where a better rank speaks for an item.
        missing_rank: The rank of an item that a source did not offer.
    """

    weights: dict[str, float]
    missing_rank: int

    @classmethod
    def fit(cls, dataset: pl.DataFrame, sources: Sequence[str], l2: float = 1e-3) -> Self:
        """Maximise the likelihood of every candidate with a gain above 0 by Newton's method.

        Args:
            dataset: Rows with `user_id`, `window`, `gain` and `rank_<source>` columns; a list's rows are contiguous.
            sources: At least one.
            l2: Penalty on the squared weights, in units of one user's log-likelihood.
        """
        deepest = dataset.select(pl.max_horizontal(pl.col(f"rank_{source}").max() for source in sources)).item() or 0
        empty = cls(dict.fromkeys(sources, 0.0), int(deepest) + 1)
        x = empty._features(dataset)  # (n_rows, n_sources)
        lengths = dataset.select(pl.struct("window", "user_id").rle().struct.field("len")).to_series().to_numpy()
        starts = np.concatenate([[0], np.cumsum(lengths.astype(np.int64))[:-1]])
        taken = (dataset["gain"].to_numpy() > 0).astype(np.float64)
        likelihood = _Likelihood(x, taken, starts, lengths.astype(np.int64), l2)
        weights = _newton(likelihood)
        return cls(dict(zip(sources, weights.tolist(), strict=True)), empty.missing_rank)

    def score(self, frame: pl.DataFrame) -> np.ndarray:
        """`[n_rows]` float64, higher is better; the frame needs a `rank_<source>` column for every source."""
        return self._features(frame) @ np.fromiter(self.weights.values(), dtype=np.float64)

    def _features(self, frame: pl.DataFrame) -> np.ndarray:
        columns = [pl.col(f"rank_{source}").fill_null(self.missing_rank).cast(pl.Float64) for source in self.weights]
        return -np.log1p(frame.select(columns).to_numpy())


@dataclass
class _Likelihood:
    """Penalised mean log-likelihood of the lists, negated, with its first two derivatives."""

    x: np.ndarray
    taken: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    l2: float

    def value(self, weights: np.ndarray) -> float:
        scores = self.x @ weights
        return float(-(self.taken @ (scores - self._of_rows(self._log_sums(scores)))) / len(self.starts)) + self.l2 * (
            float(weights @ weights)
        )

    def derivatives(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = self.x @ weights
        share = np.exp(scores - self._of_rows(self._log_sums(scores)))  # (n_rows,)
        n_taken = np.add.reduceat(self.taken, self.starts)  # (n_lists,)
        mean = np.add.reduceat(share[:, None] * self.x, self.starts)  # (n_lists, n_sources)
        expected = share * self._of_rows(n_taken)
        n_lists = len(self.starts)
        gradient = -(self.taken - expected) @ self.x / n_lists + 2 * self.l2 * weights
        second = (self.x * expected[:, None]).T @ self.x - (mean * n_taken[:, None]).T @ mean
        return gradient, second / n_lists + 2 * self.l2 * np.eye(len(weights))

    def _log_sums(self, scores: np.ndarray) -> np.ndarray:
        top = np.maximum.reduceat(scores, self.starts)
        return top + np.log(np.add.reduceat(np.exp(scores - self._of_rows(top)), self.starts))

    def _of_rows(self, per_list: np.ndarray) -> np.ndarray:
        return np.repeat(per_list, self.lengths)


def _newton(likelihood: _Likelihood) -> np.ndarray:
    """The minimum of a convex function, from zero, by Newton steps that are halved until they descend."""
    weights = np.zeros(likelihood.x.shape[1])
    value = likelihood.value(weights)
    for _ in range(MAX_STEPS):
        gradient, second = likelihood.derivatives(weights)
        step = np.linalg.solve(second, gradient)
        size = 1.0
        while likelihood.value(weights - size * step) > value and size > TOLERANCE:
            size /= 2
        weights = weights - size * step
        before, value = value, likelihood.value(weights)
        if before - value < TOLERANCE:
            break
    return weights
