import itertools
from collections import Counter

import numpy as np
import pytest

from models.simulation.policy import draw_from_rows, draw_lists, examination, policy_weights


def naive_chance(weights, items):
    """Product over the positions of weight / weight still left."""
    left, chances = sum(weights), []
    for item in items:
        chances.append(weights[item] / left)
        left -= weights[item]
    return chances


def test_propensities_are_the_chances_of_drawing_without_replacement():
    logits = np.log(np.array([4.0, 3.0, 2.0, 1.0]))
    items, propensity = draw_lists(np.tile(logits, (500, 1)), 3, 1.0, np.random.default_rng(1))
    for row, said in zip(items.tolist(), propensity, strict=True):
        np.testing.assert_allclose(said, naive_chance([4, 3, 2, 1], row), rtol=1e-6)


def test_lists_come_as_often_as_their_propensities_say():
    n, weights = 60_000, [4.0, 3.0, 2.0, 1.0]
    logits = np.tile(np.log(weights), (n, 1))
    items, _ = draw_lists(logits, 2, 1.0, np.random.default_rng(2))
    counts = Counter(map(tuple, items.tolist()))
    chances = {pair: np.prod(naive_chance(weights, pair)) for pair in itertools.permutations(range(4), 2)}
    assert sum(chances.values()) == pytest.approx(1)
    for pair, chance in chances.items():
        assert counts[pair] / n == pytest.approx(chance, abs=4 * np.sqrt(chance / n))


def test_inverse_propensities_estimate_the_number_of_items():
    """E[sum over shown items of 1 / propensity at position 1] is the number of items with a chance."""
    logits = np.tile(np.random.default_rng(0).normal(size=20), (40_000, 1))
    _, propensity = draw_lists(logits, 1, 2.0, np.random.default_rng(3))
    assert (1 / propensity[:, 0]).mean() == pytest.approx(20, rel=0.02)


def test_temperature_flattens():
    weights = policy_weights(np.log([[8.0, 1.0]]), 3.0)
    np.testing.assert_allclose(weights, [[1.0, 0.5]], rtol=1e-6)


def test_items_not_on_sale_are_never_shown_and_the_rest_always_can_be():
    logits = np.array([[500.0, -500.0, -np.inf, 0.0]] * 200, dtype=np.float32)
    items, propensity = draw_lists(logits, 3, 0.1, np.random.default_rng(4))
    assert not (items == 2).any()
    assert (np.sort(items, axis=1) == [0, 1, 3]).all()
    assert ((propensity > 0) & (propensity <= 1)).all()


def test_examination_is_a_power_of_the_position():
    np.testing.assert_allclose(examination(4, 0.5), [1, 1 / np.sqrt(2), 1 / np.sqrt(3), 1 / 2])
    np.testing.assert_allclose(examination(3, 0.0), 1)


def test_draws_follow_the_weights_of_their_row():
    weights = np.array([[1.0, 0.0, 3.0, 0.0], [0.0, 2.0, 0.0, 2.0]])
    rows = np.repeat([1, 0], 20_000)
    drawn = draw_from_rows(np.cumsum(weights, axis=1), rows, np.random.default_rng(5))
    for row in (0, 1):
        share = np.bincount(drawn[rows == row], minlength=4) / 20_000
        np.testing.assert_allclose(share, weights[row] / 4, atol=0.02)
        assert (share[weights[row] == 0] == 0).all()
