from collections import Counter
from datetime import date, timedelta

import pytest

from models.events.inference.file_days import dated_settings, day_pattern_of, days_of
from models.events.inference.span import partitions, span_of, split, volume_ratio

START = date(2024, 1, 1)


def steady(n_days: int, start: date = START) -> Counter:
    return Counter({start + timedelta(days=day): 100 for day in range(n_days)})


@pytest.mark.parametrize(
    ("names", "days"),
    [
        (["2024-01-01.csv", "2024-01-02.csv"], [START, date(2024, 1, 2)]),
        (["log_20240101.csv.gz"], [START]),
        (["2024-01-01.csv", "all.csv"], None),
        (["2024-13-01.csv"], None),
        (["123456789012.csv"], None),
        ([], None),
    ],
)
def test_day_pattern(names, days):
    pattern = day_pattern_of(names)
    assert (None if pattern is None else days_of(names, pattern)) == days


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ({0: 1000}, {"late_days": 1}),
        ({0: 900, 3: 100}, {"late_days": 3}),
        ({0: 10_000, 3: 100, 9: 1}, {"late_days": 3}),
        ({0: 900, -1: 100}, {"late_days": 1, "early_days": 1}),
        ({0: 10, 200: 990}, {}),
        ({}, {}),
    ],
)
def test_late_days(lags, expected):
    found = dated_settings("(x)", Counter(lags))
    assert {name: guess.value for name, guess in found.items() if name != "day_pattern"} == expected
    assert ("day_pattern" in found) == bool(expected)
    assert dated_settings(None, Counter(lags)) == {}


def test_events_that_come_too_late_are_told():
    assert "1 of 10,101 come too late" in dated_settings("(x)", Counter({0: 10_000, 3: 100, 9: 1}))["late_days"].note


@pytest.mark.parametrize(("n_days", "kind"), [(730, None), (731, "monthly")])
def test_partitions_are_months_beyond_two_years(n_days, kind):
    found = partitions(span_of(steady(n_days, date(2024, 1, 15)))).value
    assert found.get("event_partitions") == kind
    assert found["start"] == (date(2024, 1, 1) if kind else date(2024, 1, 15))
    assert found["end"] == date(2024, 1, 15) + timedelta(days=n_days - 1)


def test_a_wrong_clock_does_not_stretch_the_span():
    days = steady(100)
    days[date(2099, 1, 1)] = days[date(1999, 1, 1)] = 1
    found = span_of(days)
    assert (found.first, found.n_days, found.n_stray) == (START, 100, 2)
    assert "2 events" in partitions(found).note
    days[date(1999, 1, 1)] = 2000
    assert span_of(days).first == date(1999, 1, 1)
    assert span_of(Counter({START: 1})).n_days == 1


@pytest.mark.parametrize(
    ("n_days", "expected"),
    [
        (7, {"validation_days": 1, "test_days": 1, "label_windows": 1}),
        (42, {"validation_days": 4, "test_days": 4}),
        (186, {"validation_days": 14, "test_days": 14}),
        (400, {"validation_days": 28, "test_days": 28}),
        (8000, {"validation_days": 365, "test_days": 365}),
    ],
)
def test_split(n_days, expected):
    assert split(span_of(steady(n_days))).value == expected


def test_volume_ratio():
    days = steady(40)
    assert volume_ratio(days, span_of(days)) is None
    days[START + timedelta(days=35)] = 700
    assert volume_ratio(days, span_of(days)).value == {"volume_ratio": [0.2, 8.8]}
    days[START + timedelta(days=36)] = 7000
    assert volume_ratio(days, span_of(days)).value == {"volume_ratio": None}
