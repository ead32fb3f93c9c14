import pytest
from pydantic import ValidationError

from models.tuning.search_range import SearchRange


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "expected low and high, or choices"),
        ({"low": 1}, "expected low and high"),
        ({"low": 2, "high": 2}, "must be below"),
        ({"low": 0, "high": 2, "log": True}, "log needs low above 0"),
        ({"low": 1, "high": 2, "log": True, "step": 1}, "step excludes log"),
        ({"low": 1, "high": 2, "step": 3}, "at most high - low"),
        ({"low": 1, "high": float("inf")}, "finite"),
        ({"choices": [1]}, "at least 2"),
        ({"choices": [1, 2, 1]}, "twice"),
        ({"choices": [1, 2], "low": 0}, "stand alone"),
        ({"choices": [1, 2], "log": False}, "stand alone"),
        ({"lo": 1, "high": 2}, "not permitted"),
    ],
)
def test_a_range_that_says_nothing_clear_is_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        SearchRange(**given)


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        (SearchRange(low=1.0, high=2.0), [1.0, 1.5, 2.0, 2], [0.99, 2.01, True, "1"]),
        (SearchRange(low=0.0, high=1.0, step=0.1), [0.0, 0.3, 0.7, 1.0], [0.05, 0.31]),
        (SearchRange(low=1, high=7, step=3), [1, 4, 7], [2, 8]),
        (SearchRange(choices=[16, 32]), [16, 32], [24, "16"]),
        (SearchRange(choices=[0, 1]), [0, 1], [False, True]),
    ],
)
def test_has(wanted, inside, outside):
    assert all(wanted.has(value) for value in inside)
    assert not any(wanted.has(value) for value in outside)
