"""What the tuner tried, within which budget, and which of it is best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from models.ann.config import AnnIndexConfig
from models.ann.index_costs import BuildCost

ENOUGH = 0.9995
LEAST_GAIN = 0.001
CLEARLY_SLOWER = 4


class Budget(NamedTuple):
    """What an index may take; `inf` is no limit.

    Attributes:
        build_seconds: Processor seconds of one build with one thread.
        microseconds: Processor time of one query.
        n_bytes: Its size.
    """

    build_seconds: float = math.inf
    microseconds: float = math.inf
    n_bytes: float = math.inf


@dataclass(frozen=True)
class Point:
    """One way of searching one index.

    Attributes:
        config: Which index, and how hard it is searched.
        recall: Recall@k with the first half of the queries, which chooses.
        held_out_recall: With the second half, which confirms.
        microseconds: Processor time of one query where many are searched at once, with one thread.
        build_seconds: Processor seconds of the build, with one thread.
        n_bytes: Size of the index.
        is_on_front: Whether no other point whose build and size are within the budget finds as much in less time.
        is_chosen: Whether it is the fastest that keeps every limit.
    """

    config: AnnIndexConfig
    recall: float
    held_out_recall: float
    microseconds: float
    build_seconds: float
    n_bytes: int
    is_on_front: bool = False
    is_chosen: bool = False

    def can_be_had(self, budget: Budget) -> bool:
        """Whether its build and its size are within the budget."""
        return self.build_seconds <= budget.build_seconds and self.n_bytes <= budget.n_bytes


class Skipped(NamedTuple):
    """An index that was not built, and what it would have taken."""

    config: AnnIndexConfig
    cost: BuildCost


@dataclass
class Tuning:
    """Every point that was tried, in order, and every index that was not built."""

    points: list[Point] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def chosen(self) -> Point | None:
        """The fastest point that keeps every limit; `None` where none does."""
        return next((point for point in self.points if point.is_chosen), None)


def judged(points: Sequence[Point], min_recall: float, budget: Budget, settings: Mapping[str, Any]) -> list[Point]:
    """Points with what lies on the front, and with the chosen one.

    Args:
        points: What was tried.
        min_recall: What both halves of the queries must find.
        budget: The limits.
        settings: Fields of the config that every point gets.
    """
    affordable = [point for point in points if point.can_be_had(budget)]
    kept = [point for point in affordable if min(point.recall, point.held_out_recall) >= min_recall]
    fast = [point for point in kept if point.microseconds <= budget.microseconds]
    chosen = min(fast, key=lambda point: point.microseconds, default=None)
    return [
        replace(
            point,
            config=point.config.model_copy(update=dict(settings)),
            is_on_front=point in affordable and not any(_is_better(other, point) for other in affordable),
            is_chosen=point is chosen,
        )
        for point in points
    ]


def cannot_pay(before: Point | None, point: Point, others: Sequence[Point], min_recall: float, budget: Budget) -> bool:
    """Whether to search an index harder than at a point is of no use.

    That is where it finds all there is, or no more than with half the effort (though not far below the recall asked
    for, where the first steps can be small), or takes four times what the budget allows or what others need for as
    much: curves do cross, but not from there.

    Args:
        before: The point with half the effort, if any.
        point: The point.
        others: All that can be had.
        min_recall: The recall asked for.
        budget: The limits.
    """
    if point.recall >= ENOUGH or point.microseconds > CLEARLY_SLOWER * budget.microseconds:
        return True
    if before and before.recall > min_recall / 2 and point.recall - before.recall < LEAST_GAIN:
        return True
    return any(
        other.recall >= point.recall and CLEARLY_SLOWER * other.microseconds < point.microseconds for other in others
    )


def _is_better(other: Point, point: Point) -> bool:
    """Whether a point finds as much in less time, or more in the same."""
    at_least = other.recall >= point.recall and other.microseconds <= point.microseconds
    return at_least and (other.recall, other.microseconds) != (point.recall, point.microseconds)
