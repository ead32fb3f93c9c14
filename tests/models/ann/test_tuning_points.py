import math

import pytest

from models.ann.config import AnnIndexConfig
from models.ann.tuning_points import Budget, Point, Tuning, cannot_pay, judged

CONFIG = AnnIndexConfig(kind="flat")


def point(recall, microseconds, held_out=None, build_seconds=1.0, n_bytes=100):
    return Point(CONFIG, recall, recall if held_out is None else held_out, microseconds, build_seconds, n_bytes)


def judge(points, min_recall=0.9, **budget):
    return judged(points, min_recall, Budget(**budget), {})


def chosen(points, **limits):
    return [number for number, one in enumerate(judge(points, **limits)) if one.is_chosen]


def front(points, **limits):
    return [number for number, one in enumerate(judge(points, **limits)) if one.is_on_front]


def test_the_fastest_that_finds_enough_is_chosen():
    assert chosen([point(0.99, 30), point(0.91, 20), point(0.89, 10), point(0.92, 25)]) == [1]


def test_what_the_held_out_queries_do_not_confirm_is_not_chosen():
    assert chosen([point(0.95, 10, held_out=0.89), point(0.91, 20)]) == [1]
    assert chosen([point(0.89, 10, held_out=0.95), point(0.91, 20)]) == [1]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ({}, [0]),
        ({"build_seconds": 5}, [1]),
        ({"n_bytes": 500}, [2]),
        ({"build_seconds": 5, "n_bytes": 500}, [3]),
        ({"build_seconds": 5, "n_bytes": 500, "microseconds": 39}, []),
    ],
)
def test_every_budget_is_kept(budget, expected):
    points = [
        point(0.95, 10, build_seconds=9, n_bytes=900),
        point(0.95, 20, build_seconds=5, n_bytes=900),
        point(0.95, 30, build_seconds=9, n_bytes=500),
        point(0.95, 40, build_seconds=5, n_bytes=500),
    ]
    assert chosen(points, **budget) == expected


def test_the_front_by_hand():
    points = [point(0.9, 10), point(0.9, 11), point(0.8, 10), point(0.99, 30), point(0.95, 31), point(0.5, 5)]
    assert front(points) == [0, 3, 5]


def test_what_cannot_be_had_is_not_on_the_front_and_keeps_nothing_off_it():
    points = [point(0.99, 1, build_seconds=100), point(0.9, 10)]
    assert front(points) == [0]
    assert front(points, build_seconds=50) == [1]
    assert front([point(0.99, 1, n_bytes=101), point(0.9, 10)], n_bytes=100) == [1]


def test_points_that_are_as_good_are_both_on_the_front_and_one_is_chosen():
    assert front([point(0.9, 10), point(0.9, 10)]) == [0, 1]
    assert chosen([point(0.9, 10), point(0.9, 10)]) == [0]


def test_settings_are_put_into_every_config():
    (one,) = judged([point(1, 1)], 0.9, Budget(), {"search_threads": 5})
    assert one.config == CONFIG.model_copy(update={"search_threads": 5})


def test_without_a_choice_there_is_none():
    assert Tuning(judge([point(0.5, 1)])).chosen is None
    assert Budget() == (math.inf, math.inf, math.inf)


@pytest.mark.parametrize(
    ("before", "now", "others", "microseconds", "expected"),
    [
        (None, point(0.5, 10), [], math.inf, False),
        (None, point(0.9995, 10), [], math.inf, True),
        (point(0.6, 5), point(0.602, 10), [], math.inf, False),
        (point(0.6, 5), point(0.6005, 10), [], math.inf, True),
        (point(0.4, 5), point(0.4005, 10), [], math.inf, False),
        (None, point(0.5, 10), [], 2.5, False),
        (None, point(0.5, 10), [], 2.4, True),
        (None, point(0.5, 10), [point(0.5, 2.5), point(0.4, 1)], math.inf, False),
        (None, point(0.5, 10), [point(0.5, 2.4)], math.inf, True),
    ],
)
def test_where_more_effort_cannot_pay(before, now, others, microseconds, expected):
    assert cannot_pay(before, now, others, 0.9, Budget(microseconds=microseconds)) == expected
