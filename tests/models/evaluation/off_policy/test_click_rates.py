"""The reward model by hand, and that no row's prediction knows the row's reward."""

from fractions import Fraction

import numpy as np
import pytest

from models.evaluation.off_policy.click_rates import click_rates, cross_fitted_rates, folds_of


def test_hand_worked():
    # Item 0: 1 of 2 at position 0, 0 of 1 at 1; item 1: 0 of 1 at 0. Mean 1/4, smoothing 1.
    actions, positions, rewards = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0]), np.array([1.0, 0, 0, 0])
    found = click_rates(actions, positions, rewards, 2, 2, smoothing=1)
    mean = Fraction(1, 4)
    first, second = (1 + mean) / 4, mean / 2
    item, other = (1 + mean) / 4, mean / 2
    assert found[0, 0] == pytest.approx((1 + first * item / mean) / 3)
    assert found[1, 0] == pytest.approx(second * item / mean / 2)
    assert found[0, 1] == pytest.approx(first * other / mean / 2)
    assert found[1, 1] == pytest.approx(second * other / mean)


def test_smoothing_leads_from_the_raw_rates_to_the_mean():
    rng = np.random.default_rng(0)
    actions, positions, rewards = rng.integers(3, size=900), rng.integers(2, size=900), (rng.random(900) < 0.3) * 1.0
    raw = rewards[(actions == 1) & (positions == 0)].mean()
    assert click_rates(actions, positions, rewards, 3, 2, 1e-9)[0, 1] == pytest.approx(raw)
    assert np.allclose(click_rates(actions, positions, rewards, 3, 2, 1e9), rewards.mean(), atol=1e-5)


def test_what_was_never_shown_has_the_mean_and_without_rewards_all_is_zero():
    one = np.zeros(4, dtype=int)
    assert click_rates(one, one, np.array([1.0, 0, 0, 1]), 2, 2)[1, 1] == pytest.approx(0.5)
    assert click_rates(one, one, np.zeros(4), 2, 2).tolist() == [[0, 0], [0, 0]]
    assert click_rates(one[:0], one[:0], np.zeros(0), 1, 1).tolist() == [[0]]


def test_a_rows_own_fold_says_nothing_about_it():
    rng = np.random.default_rng(0)
    n = 60
    actions, positions, folds = rng.integers(3, size=n), rng.integers(2, size=n), rng.integers(4, size=n)
    rewards = (rng.random(n) < 0.4).astype(float)
    fitted = cross_fitted_rates(actions, positions, rewards, folds, 3, 2)
    predicted = fitted.of(actions)
    for row in range(n):
        kept = folds != folds[row]
        expected = click_rates(actions[kept], positions[kept], rewards[kept], 3, 2)
        assert predicted[row] == pytest.approx(expected[positions[row], actions[row]])
    changed = np.where(folds == 2, 1 - rewards, rewards)
    again = cross_fitted_rates(actions, positions, changed, folds, 3, 2).of(actions)
    assert np.array_equal(again[folds == 2], predicted[folds == 2])
    assert not np.array_equal(again[folds != 2], predicted[folds != 2])


def test_expected_rewards_agree_with_a_loop():
    rng = np.random.default_rng(0)
    n = 40
    actions, positions, rewards = rng.integers(3, size=n), rng.integers(2, size=n), (rng.random(n) < 0.5) * 1.0
    fitted = cross_fitted_rates(actions, positions, rewards, np.arange(n) % 5, 3, 2)
    by_position = rng.dirichlet(np.ones(3), size=2)
    expected = [
        sum(by_position[positions[i], a] * fitted.rates[i % 5, positions[i], a] for a in range(3)) for i in range(n)
    ]
    assert np.allclose(fitted.expected(by_position), expected)
    assert np.allclose(fitted.expected(by_position[positions]), expected)


def test_folds_are_the_same_everywhere_and_even():
    assert folds_of(["u1", "u2", "ä", ""]).tolist() == [2, 4, 0, 0]
    sizes = np.bincount(folds_of([f"u{n}" for n in range(5000)]))
    assert len(sizes) == 5 and sizes.min() > 900
