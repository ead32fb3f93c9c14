"""Lists by hand and against loops."""

from fractions import Fraction

import numpy as np
import pytest

from models.evaluation.off_policy.examination import examination_by_position, exposure
from models.evaluation.off_policy.inverse_propensity import ips
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.slates import LoggedSlates, independent_ips, position_based, slate_ips

FREE = Limits(min_effective_sample=0, min_effective_rewards=0, max_missing_mass=0.99)


def test_hand_worked():
    # Weights (2, 1/2) and (1, 4); clicks (1, 1) and (0, 1).
    slates = LoggedSlates(
        np.array([[1.0, 1], [0, 1]]),
        np.array([[1 / 4, 1 / 2], [1 / 2, 1 / 8]]),
        np.array([[1 / 2, 1 / 4], [1 / 2, 1 / 2]]),
    )
    assert slate_ips(slates, FREE).value == pytest.approx((1 * 2 + 4 * 1) / 2)
    assert independent_ips(slates, FREE).value == pytest.approx((2 + Fraction(1, 2) + 4) / 2)
    # The same weights of exposures: what each position is looked at does not change the value.
    assert position_based(slates, np.array([1, 0.5]), FREE).value == pytest.approx((2 + Fraction(1, 2) + 4) / 2)


def test_agrees_with_a_loop(list_world):
    at_position, exposed = list_world().draw(50, 0)
    product = independent = examined = 0.0
    for i in range(50):
        weights = at_position.probabilities[i] / at_position.propensities[i]
        product += np.prod(weights) * at_position.rewards[i].sum()
        independent += sum(weights * at_position.rewards[i])
        examined += sum(exposed.probabilities[i] / exposed.propensities[i] * exposed.rewards[i])
    assert slate_ips(at_position, FREE).value == pytest.approx(product / 50)
    assert independent_ips(at_position, FREE).value == pytest.approx(independent / 50)
    assert position_based(exposed, list_world().examination, FREE).value == pytest.approx(examined / 50)


def test_lists_of_one_are_rows(list_world):
    at_position, _ = list_world().draw(200, 0)
    first = LoggedSlates(
        *(values[:, :1] for values in (at_position.rewards, at_position.propensities, at_position.probabilities))
    )
    expected = ips(first.by_position(), FREE).value
    for found in (slate_ips(first, FREE), independent_ips(first, FREE), position_based(first, np.ones(1), FREE)):
        assert found.value == pytest.approx(expected)


def test_weights_of_exposure_average_one_where_positions_count_by_examination(list_world):
    world = list_world(examination=np.array([1, 0.3, 0.1]))
    _, exposed = list_world(world.mu, world.mu[::-1], examination=world.examination).draw(20_000, 1)
    found = position_based(exposed, world.examination).overlap
    plain = exposed.probabilities / exposed.propensities
    assert abs(found.mean_weight - 1) < 4 * found.mean_weight_error < abs(plain.mean() - 1)


def test_lists_of_a_user_widen_the_interval(list_world):
    at_position, _ = list_world().draw(600, 0)
    twice = LoggedSlates(
        *(
            np.repeat(values, 2, axis=0)
            for values in (at_position.rewards, at_position.propensities, at_position.probabilities)
        )
    )
    grouped = LoggedSlates(twice.rewards, twice.propensities, twice.probabilities, np.repeat(np.arange(600), 2))
    for estimator in (slate_ips, independent_ips):
        alone, apart, together = (estimator(slates, FREE).standard_error for slates in (at_position, twice, grouped))
        assert together == pytest.approx(alone)
        assert apart == pytest.approx(alone / np.sqrt(2), rel=0.01)


def test_examination_is_found_from_randomised_positions(list_world):
    world = list_world()
    at_position, _ = world.draw(60_000, 2)
    positions = np.tile(np.arange(3), 60_000)
    found = examination_by_position(positions, at_position.rewards.ravel(), 1 / at_position.propensities.ravel())
    assert np.allclose(found, world.examination, rtol=0.1)
    raw = examination_by_position(positions, at_position.rewards.ravel(), np.ones(180_000))
    assert not np.allclose(raw, world.examination, rtol=0.1)


def test_examination_by_hand():
    # Position 0: weights 1 and 3, the first clicked; position 1: weights 1 and 1, none, then one clicked.
    positions, weights = np.array([0, 0, 1, 1]), np.array([1.0, 3, 1, 1])
    assert examination_by_position(positions, np.array([1.0, 0, 0, 0]), weights).tolist() == [1, 0]
    assert examination_by_position(positions, np.array([1.0, 0, 0, 1]), weights).tolist() == [1, 2]
    with pytest.raises(ValueError, match="first one rewards"):
        examination_by_position(positions, np.array([0.0, 0, 0, 1]), weights)


def test_exposure_sums_over_positions():
    chances = np.array([[0.5, 0.25], [0, 1]])
    assert exposure(chances, np.array([1, 0.5])).tolist() == [0.625, 0.5]
