import itertools
import math

import numpy as np
import pytest

from models.evaluation import intervals
from models.evaluation.intervals import bootstrap_intervals, paired_difference, wilson_interval


def test_covers_the_true_mean_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        interval = bootstrap_intervals(generator.exponential(size=(80, 1)), 300, 0.9, seed=trial)[0]
        covered += interval.low <= 1 <= interval.high
    assert 0.82 <= covered / 200 <= 0.96


def test_agrees_with_a_plain_bootstrap():
    values = np.random.default_rng(1).gamma(0.5, size=300)
    generator = np.random.default_rng(2)
    means = [generator.choice(values, size=300).mean() for _ in range(4000)]
    found = bootstrap_intervals(values[:, None], 4000, 0.95, seed=3)[0]
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]), rel=0.03)


def test_columns_share_the_draws():
    values = np.random.default_rng(1).random((50, 1))
    first, second = bootstrap_intervals(np.hstack([values, values + 1]), 200)
    assert second == pytest.approx([end + 1 for end in first])


def test_is_seeded_and_independent_of_the_blocks(monkeypatch):
    values = np.random.default_rng(1).random((50, 2))
    found = bootstrap_intervals(values, 200, seed=4)
    assert bootstrap_intervals(values, 200, seed=4) == found
    assert bootstrap_intervals(values, 200, seed=5) != found
    monkeypatch.setattr(intervals, "_BLOCK_DRAWS", 700)
    assert np.allclose(bootstrap_intervals(values, 200, seed=4), found)


def test_level_widens_and_one_user_has_no_width():
    values = np.random.default_rng(1).random((50, 1))
    narrow, wide = (bootstrap_intervals(values, 500, level)[0] for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert bootstrap_intervals(np.array([[0.25]]), 10)[0] == (0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    ("values", "level", "message"), [(np.empty((0, 1)), 0.95, "no users"), (np.ones((2, 1)), 1, "level")]
)
def test_refuses_what_has_no_interval(values, level, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_intervals(values, 10, level)


def test_the_p_value_agrees_with_every_sign_flip():
    difference = np.array([0.4, 0.1, 0.3, -0.1, 0.2, 0.2, -0.05, 0.3])
    flips = [abs(np.dot(signs, difference)) for signs in itertools.product([1, -1], repeat=len(difference))]
    exact = np.mean(np.array(flips) >= difference.sum() - 1e-12)
    found = paired_difference(difference, np.zeros(8), n_resamples=20_000)
    assert found.p_value == pytest.approx(exact, abs=0.005)
    assert found.mean == pytest.approx(difference.mean())
    assert found.low < found.mean < found.high


def test_alike_models_have_p_value_one_and_better_ones_a_small_one():
    values = np.random.default_rng(0).random(200)
    assert paired_difference(values, values) == (0, 0, 0, 1)
    better = paired_difference(values + 0.1, values, n_resamples=999)
    assert better.p_value == pytest.approx(1 / 1000)
    assert paired_difference(values, values + 0.1, n_resamples=999).mean == pytest.approx(-0.1)


def test_p_values_of_noise_are_spread_evenly():
    generator = np.random.default_rng(5)
    found = [paired_difference(generator.normal(size=40), generator.normal(size=40), 200).p_value for _ in range(200)]
    assert 0.02 <= np.mean(np.array(found) <= 0.1) <= 0.18


def test_pairs_need_equal_lengths():
    with pytest.raises(ValueError, match="2 users"):
        paired_difference(np.ones(2), np.ones(3))


@pytest.fixture
def many_users(monkeypatch):
    """The way of more than 50,000 users, at any number of them and over several chunks."""
    monkeypatch.setattr(intervals, "_DIRECT_USERS", 0)
    monkeypatch.setattr(intervals, "_CHUNK_USERS", 128)


@pytest.mark.parametrize("n_users", [3, 200])
def test_counts_of_many_users_are_those_of_draws_with_replacement(many_users, n_users):
    counts = np.concatenate(list(intervals._poisson_sums(np.eye(n_users), 20_000, 0)))
    assert (counts.sum(axis=1) == n_users).all()
    assert counts.mean(axis=0) == pytest.approx(1, abs=0.05)
    covariance = np.cov(counts.T)
    off_diagonal = covariance[~np.eye(n_users, dtype=bool)]
    assert np.diag(covariance).mean() == pytest.approx(1 - 1 / n_users, rel=0.01)
    assert off_diagonal.mean() == pytest.approx(-1 / n_users, rel=0.02)
    assert np.abs(off_diagonal + 1 / n_users).max() < 0.06
    # Drawn never, once, ...: binomial.
    shares = np.bincount(counts.astype(int).ravel(), minlength=4)[:4] / counts.size
    p = 1 / n_users
    binomial = [math.comb(n_users, count) * p**count * (1 - p) ** (n_users - count) for count in range(4)]
    assert shares == pytest.approx(binomial, abs=0.004)


def test_many_users_are_covered_about_as_often_as_it_says(many_users):
    generator = np.random.default_rng(0)
    found = [bootstrap_intervals(generator.exponential(size=(150, 1)), 300, 0.9, seed=trial)[0] for trial in range(200)]
    assert 0.82 <= sum(interval.low <= 1 <= interval.high for interval in found) / 200 <= 0.96


def test_many_users_have_the_interval_of_few(monkeypatch, many_users):
    values = np.random.default_rng(1).gamma(0.5, size=(300, 2))
    fast = bootstrap_intervals(values, 4000, 0.95, seed=3)
    monkeypatch.setattr(intervals, "_DIRECT_USERS", 300)
    direct = bootstrap_intervals(values, 4000, 0.95, seed=3)
    assert fast != direct
    assert np.array(fast) == pytest.approx(np.array(direct), rel=0.02)


def test_many_users_are_seeded_share_draws_and_do_not_depend_on_the_blocks(monkeypatch, many_users):
    values = np.random.default_rng(1).random((150, 1))
    values = np.hstack([values, values + 1])
    found = bootstrap_intervals(values, 200, seed=4)
    assert found[1] == pytest.approx([end + 1 for end in found[0]])
    assert bootstrap_intervals(values, 200, seed=4) == found
    assert bootstrap_intervals(values, 200, seed=5) != found
    monkeypatch.setattr(intervals, "_BLOCK_DRAWS", 700)
    assert np.allclose(bootstrap_intervals(values, 200, seed=4), found)
    assert bootstrap_intervals(np.array([[0.25]]), 10)[0] == (0.25, 0.25, 0.25)


def test_poisson_counts_agree_with_the_thresholds_one_by_one():
    thresholds = intervals._poisson_thresholds(0.9)
    drawn = np.random.SFC64(5).random_raw(5000).view(np.uint32)
    counts = intervals._poisson_counts(np.random.SFC64(5), 9999, thresholds)
    assert counts.tolist() == [sum(int(value) >= edge for edge in thresholds) for value in drawn[:9999]]
    assert counts.mean() == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    ("n_hits", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_intervals(n_hits, n, low, high):
    """81 of 263 is the example of Newcombe 1998, "Two-sided confidence intervals for the single proportion", method 3."""
    assert wilson_interval(n_hits / n, n) == (n_hits / n, pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_a_share_of_nothing():
    assert np.isnan(wilson_interval(0.0, 0)).all()
