"""The cheapest settings of an index that find enough on this catalogue, and all that were tried on the way."""

from __future__ import annotations

import time

import numpy as np

from models.ann.build import build_index, refuse_unusable
from models.ann.config import AnnIndexConfig
from models.ann.index_bytes import n_bytes
from models.ann.index_costs import N_SAMPLED, BuildCost, cpu_microseconds, estimated_cost
from models.ann.ladder import between, branches, first_builds, graphs, more_clusters, ranked_again_exactly
from models.ann.recall import ExactAnswers
from models.ann.tuning_points import Budget, Point, Skipped, Tuning, cannot_pay, judged
from models.errors import UserError

WHERE = "queries of the tuner"
HALVINGS = 2
"""Of the step from the last effort that finds too little to the first that finds enough; finer is beyond the noise."""


def tune(
    vectors: np.ndarray,
    queries: np.ndarray,
    k: int,
    min_recall: float,
    budget: Budget = Budget(),
    base: AnnIndexConfig | None = None,
    ids: np.ndarray | None = None,
) -> Tuning:
    """Try indexes from cheap to dear, and choose the fastest that reaches a recall within a budget.

    The even queries choose, the odd ones confirm: a choice among many points is lucky with the queries it was made
    with. An index of which a sample says that it costs more than the budget is not built.

    Args:
        vectors: `[n, embedding_size]` float32.
        queries: `[n_queries, embedding_size]` float32, at least 2, e.g. users' vectors.
        k: List length.
        min_recall: Recall@k against exact search that both halves of the queries must reach.
        budget: Limits.
        base: What is not tuned (metric, seed, threads); the rest of it is not looked at.
        ids: `[n]` names of the vectors, for errors only.

    Returns:
        Points in the order tried, at most one of them chosen, and what was skipped.

    Raises:
        UserError: There are fewer than 2 queries or no vector, or some are not finite or all zeros.
    """
    refuse_unusable(vectors, ids)
    refuse_unusable(queries, None, WHERE, zeros_are_refused=False)
    if len(queries) < 2:
        raise UserError("one query cannot both choose and confirm", WHERE, "Give two or more")
    base = base or AnnIndexConfig()
    return _Tuner(vectors, queries, k, min_recall, budget, base).run()


class _Tuner:
    def __init__(
        self, vectors: np.ndarray, queries: np.ndarray, k: int, min_recall: float, budget: Budget, base: AnnIndexConfig
    ):
        self.vectors, self.min_recall, self.budget = vectors, min_recall, budget
        self.base = base.model_copy(update={"build_threads": 1, "search_threads": 1})
        self.threads = {"build_threads": base.build_threads, "search_threads": base.search_threads}
        self.choosing = ExactAnswers(vectors, queries[::2], k, base.metric)
        self.confirming = ExactAnswers(vectors, queries[1::2], k, base.metric)
        self.tuning = Tuning()

    def run(self) -> Tuning:
        for config in first_builds(len(self.vectors), self.base):
            self._build(config)
        codes = [point for point in self.tuning.points if point.config.kind == "ivf_pq"]
        if codes and max(point.recall for point in codes) < self.min_recall:
            self._build(ranked_again_exactly(codes[0].config))
        best = self._best_inverted_file()
        if best is not None:
            self._build(more_clusters(best, len(self.vectors)))
        for config in graphs(self.base):
            self._build(config)
        self.tuning.points = judged(self.tuning.points, self.min_recall, self.budget, self.threads)
        return self.tuning

    def _build(self, config: AnnIndexConfig) -> None:
        if config.kind != "flat" and len(self.vectors) > 2 * N_SAMPLED and self._is_too_dear(config):
            return
        began = time.process_time()
        built = build_index(self.vectors, config)
        cost = BuildCost(time.process_time() - began, n_bytes(built.index))
        for branch in branches(built.config, self.choosing.k, len(self.vectors)):
            self._search(built, cost, branch)

    def _is_too_dear(self, config: AnnIndexConfig) -> bool:
        if np.isinf(self.budget.build_seconds) and np.isinf(self.budget.n_bytes):
            return False
        cost = estimated_cost(self.vectors, config)
        too_dear = cost.seconds > self.budget.build_seconds or cost.n_bytes > self.budget.n_bytes
        if too_dear:
            self.tuning.skipped.append(Skipped(config, cost))
        return too_dear

    def _search(self, built, cost: BuildCost, branch: list[AnnIndexConfig]) -> None:
        """Search ever harder until it cannot pay, and halve the step at which the recall asked for is reached."""
        before: Point | None = None
        for config in branch:
            point = self._try(built, cost, config)
            if before and before.recall < self.min_recall <= point.recall:
                self._halve(built, cost, before, point)
            if cannot_pay(before, point, self._affordable(), self.min_recall, self.budget):
                return
            before = point

    def _halve(self, built, cost: BuildCost, below: Point, above: Point) -> None:
        for _ in range(HALVINGS):
            config = between(below.config, above.config)
            if config is None:
                return
            point = self._try(built, cost, config)
            below, above = (below, point) if point.recall >= self.min_recall else (point, above)

    def _try(self, built, cost: BuildCost, config: AnnIndexConfig) -> Point:
        index = built.searched_with(**config.model_dump())
        recalls = [
            float(half.recalls(index.search(half.queries, half.k)[0]).mean())
            for half in (self.choosing, self.confirming)
        ]
        microseconds = cpu_microseconds(index, self.choosing.queries, self.choosing.k)
        point = Point(config, recalls[0], recalls[1], microseconds, cost.seconds, cost.n_bytes)
        self.tuning.points.append(point)
        return point

    def _affordable(self) -> list[Point]:
        return [point for point in self.tuning.points if point.can_be_had(self.budget)]

    def _best_inverted_file(self) -> AnnIndexConfig | None:
        """The one that is fastest at the recall asked for, or finds most where none reaches it."""
        tried = [point for point in self._affordable() if point.config.kind.startswith("ivf")]
        if not tried:
            return None
        best = min(tried, key=lambda point: (max(self.min_recall - point.recall, 0), point.microseconds))
        return best.config
