"""A budget while it is spent: how many questions may be under way at once so that it is overrun by at most one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.profiles.config import Budget


@dataclass(frozen=True)
class Worst:
    """The most that one question can take, its repetitions included.

    Attributes:
        calls: Calls.
        money: Price; 0 without prices.
    """

    calls: int
    money: float


class Allowance:
    """What is left of a budget.

    Args:
        budget: The limits.
        calls: Calls already made for the same day.
        money: Money already spent.
    """

    def __init__(self, budget: Budget, calls: int = 0, money: float = 0.0):
        self.calls = math.inf if budget.calls is None else budget.calls - calls
        self.money = math.inf if budget.money is None else budget.money - money

    @property
    def exhausted(self) -> bool:
        """Whether not a single question may be asked any more."""
        return self.calls <= 0 or self.money <= 0

    def n_allowed(self, worst: Sequence[Worst]) -> int:
        """How many of the next questions may be asked before the first answer is counted.

        Those whose worst cases fit together; one where not even that fits but something is left, so that the limit is
        reached and overrun by that one at most.
        """
        if self.exhausted:
            return 0
        calls, money = 0.0, 0.0
        for number, one in enumerate(worst):
            calls, money = calls + one.calls, money + one.money
            if calls > self.calls or money > self.money:
                return max(number, 1)
        return len(worst)

    def spend(self, calls: int, money: float) -> None:
        """Count what was taken."""
        self.calls -= calls
        self.money -= money
