import pytest

from resources.text_generators.retries import backoff, retry_after_seconds

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        (" 12 ", 12.0),
        ("-4", 0.0),
        ("Fri, 15 Jan 2027 08:01:30 GMT", 90.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("Fri, 99 Jan 2027 08:01:30 GMT", None),
    ],
)
def test_what_the_header_asks_for(header: str, seconds: float | None):
    assert retry_after_seconds({"retry-after": header}, NOW) == seconds


def test_no_header_asks_for_nothing():
    assert retry_after_seconds({}, NOW) is None


@pytest.mark.parametrize(("attempt", "bound"), [(1, 0.5), (2, 1.0), (4, 4.0), (8, 20.0), (5000, 20.0)])
def test_waits_are_spread_from_nothing_to_a_doubling_bound(attempt: int, bound: float):
    waits = [backoff(attempt, 0.5, 20.0) for _ in range(2000)]
    assert 0 <= min(waits) < 0.05 * bound and 0.95 * bound < max(waits) <= bound
    assert abs(sum(waits) / 2000 - bound / 2) < 0.05 * bound
