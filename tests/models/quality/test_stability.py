from fractions import Fraction
from math import log

import numpy as np
import pytest

from models.quality.stability import by_chance, category_bins, number_bins, stability_index


def by_hand(usual: list[Fraction], found: list[Fraction]) -> float:
    return sum(float(a - e) * log(a / e) for e, a in zip(usual, found, strict=True))


@pytest.mark.parametrize(
    ("usual", "found", "shares"),
    [
        # (29.5, 9.5) of 39 would be the smoothed shares of (29, 9): half an event is added to each bin.
        ([5, 3], [5, 3], ([Fraction(11, 18), Fraction(7, 18)],) * 2),
        ([29, 9], [9, 29], ([Fraction(59, 78), Fraction(19, 78)], [Fraction(19, 78), Fraction(59, 78)])),
        # A bin that is empty on one side: 1/2 of 11 against 21/2 of 11.
        ([10, 0], [0, 10], ([Fraction(21, 22), Fraction(1, 22)], [Fraction(1, 22), Fraction(21, 22)])),
        (
            [10, 0, 9],
            [10, 10, 8],
            (
                [Fraction(21, 41), Fraction(1, 41), Fraction(19, 41)],
                [Fraction(21, 59), Fraction(21, 59), Fraction(17, 59)],
            ),
        ),
    ],
)
def test_it_is_the_sum_over_bins_worked_by_hand(usual, found, shares):
    assert stability_index(usual, found) == pytest.approx(by_hand(*shares))


def test_it_is_zero_for_equal_shares_of_large_samples_and_the_same_both_ways():
    assert stability_index([10**9, 10**9], [10**6, 10**6]) == pytest.approx(0, abs=1e-12)
    assert stability_index([70, 30], [30, 70]) == pytest.approx(stability_index([30, 70], [70, 30]))


def test_the_rule_of_thumb_holds_for_a_known_shift():
    # 40/60 after 50/50: (0.1)(ln 1.2) + (-0.1)(ln 0.8) = 0.0405, no change; 30/70: 0.1695, some; 20/80: 0.4159, much.
    for share, expected in ((0.4, 0.0405), (0.3, 0.1695), (0.2, 0.4159)):
        found = stability_index([500_000, 500_000], [round(10**6 * share), round(10**6 * (1 - share))])
        assert found == pytest.approx(expected, abs=1e-4)


def test_a_bin_that_is_empty_on_both_sides_says_nearly_nothing():
    assert stability_index([500, 500, 0], [400, 600, 0]) == pytest.approx(
        stability_index([500, 500], [400, 600]), abs=1e-3
    )


def test_without_events_there_is_no_drift():
    assert stability_index([], []) == stability_index([0, 0], [3, 4]) == stability_index([3, 4], [0, 0]) == 0


def test_chance_exceeds_its_limit_about_once_in_a_thousand():
    random = np.random.default_rng(1)
    shares, n_usual, n_found = [0.4, 0.3, 0.2, 0.1], 4_000, 1_000
    found = [
        stability_index(random.multinomial(n_usual, shares), random.multinomial(n_found, shares)) for _ in range(4_000)
    ]
    limit = by_chance(4, n_usual, n_found)
    assert 0 < np.mean(np.array(found) > limit) < 0.003
    assert np.mean(np.array(found) > limit / 2) > 0.01


def test_one_bin_cannot_drift():
    assert by_chance(1, 10, 10) == by_chance(3, 0, 10) == 0


def test_rare_categories_count_together():
    usual = {"a": 980, "b": 9, "c": 11}
    assert category_bins(usual, {"a": 99, "d": 1}) == ([980, 11, 0, 9], [99, 0, 1, 0])


def test_a_category_that_came_has_a_bin_of_its_own():
    assert category_bins({"a": 50}, {"a": 25, "b": 25}) == ([50, 0], [25, 25])


def test_numbers_are_grouped_by_tenths_of_what_is_usual_in_their_order():
    usual = {str(place): 5 for place in range(-10, 10)}
    expected, actual = number_bins(usual, {"-10": 3, "9": 4, "30": 2})
    assert expected == [10] * 10
    assert actual == [3, *[0] * 8, 6]


def test_numbers_far_below_and_above_fall_into_the_outer_groups():
    assert number_bins({"5": 10}, {"-30": 1, "5": 2, "30": 3}) == ([10], [6])
