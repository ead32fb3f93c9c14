import math

import pytest

from models.profiles.allowance import Allowance, Worst
from models.profiles.config import Budget

ONE = Worst(2, 1.0)


def test_without_limits_everything_is_allowed():
    allowed = Allowance(Budget(), 10**9, 1e9)
    assert allowed.calls == allowed.money == math.inf and allowed.n_allowed([ONE] * 5) == 5


@pytest.mark.parametrize(
    ("budget", "n"),
    [
        (Budget(calls=0), 0),
        (Budget(money=0), 0),
        (Budget(calls=1), 1),
        (Budget(calls=4), 2),
        (Budget(calls=5), 2),
        (Budget(calls=100), 9),
        (Budget(money=0.5), 1),
        (Budget(money=3.5), 3),
        (Budget(calls=6, money=2.0), 2),
    ],
)
def test_as_many_as_fit_with_their_worst_or_a_last_one(budget, n):
    assert Allowance(budget).n_allowed([ONE] * 9) == n


def test_spending_ends_it():
    allowed = Allowance(Budget(calls=5, money=3), calls=1, money=0.5)
    allowed.spend(2, 1.0)
    assert (allowed.calls, allowed.money) == (2, 1.5) and not allowed.exhausted
    allowed.spend(3, 0.0)
    assert allowed.exhausted and allowed.n_allowed([ONE]) == 0
    assert Allowance(Budget(calls=5), calls=5).exhausted


def test_nothing_to_ask():
    assert Allowance(Budget(calls=5)).n_allowed([]) == 0
