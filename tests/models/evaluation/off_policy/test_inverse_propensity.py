"""IPS, SNIPS and clipped IPS: by hand, against loops, and their intervals in a world with known values."""

from fractions import Fraction

import numpy as np
import pytest

from models.evaluation.off_policy.inverse_propensity import clipped_ips, ips, snips
from models.evaluation.off_policy.limits import Limits

FREE = Limits(min_effective_sample=0, min_effective_rewards=0, max_missing_mass=0.99)


def naive(rows, limit=float("inf")) -> tuple[float, float]:
    """Value of (clipped) IPS and of SNIPS, one loop."""
    total = weighted = 0.0
    for reward, propensity, probability in zip(rows.rewards, rows.propensities, rows.probabilities, strict=True):
        weight = min(probability / propensity, limit)
        total += weight
        weighted += weight * reward
    return weighted / len(rows.rewards), weighted / total


def test_hand_worked(make_rows):
    # Weights 2, 1/2, 0, 4; rewards 1, 1, 1, 0.
    rows = make_rows([1, 1, 1, 0], [1 / 4, 1 / 2, 1 / 2, 1 / 8], [1 / 2, 1 / 4, 0, 1 / 2])
    assert ips(rows, FREE).value == pytest.approx(Fraction(5, 8))
    assert snips(rows, FREE).value == pytest.approx(Fraction(5, 13))
    assert clipped_ips(rows, Limits(0, 0, 1, 0.99)).value == pytest.approx(Fraction(3, 8))
    # Terms 2, 1/2, 0, 0 around 5/8: the sum of squares is 43/16.
    assert ips(rows, FREE).standard_error == pytest.approx(np.sqrt(43 / 16 / 3 / 4))
    overlap = ips(rows, FREE).overlap
    assert overlap.effective_sample == pytest.approx(Fraction(13, 2) ** 2 / Fraction(81, 4))
    assert (overlap.largest_weight, overlap.zero_weight_share, overlap.mean_weight) == (4, 1 / 4, 13 / 8)
    assert clipped_ips(rows, Limits(0, 0, 1, 0.99)).overlap.clipped_share == pytest.approx(Fraction(8, 13))


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_a_loop(world, seed):
    rows = world().draw(200, seed).rows
    assert (ips(rows, FREE).value, snips(rows, FREE).value) == pytest.approx(naive(rows))
    assert clipped_ips(rows, Limits(0, 0, 1.5, 0.99)).value == pytest.approx(naive(rows, 1.5)[0])


def test_the_logging_policy_itself_has_its_mean_reward(world):
    rows = world(pi=world().mu).draw(500, 0).rows
    for estimator in (ips, snips, clipped_ips):
        found = estimator(rows)
        assert found.value == pytest.approx(rows.rewards.mean())
        assert found.overlap.effective_sample == pytest.approx(500)
