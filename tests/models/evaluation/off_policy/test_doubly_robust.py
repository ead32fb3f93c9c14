"""DR and SWITCH-DR by hand and against loops; what they become at the ends of their range."""

from fractions import Fraction

import numpy as np
import pytest

from models.evaluation.off_policy.doubly_robust import dr, switch_dr
from models.evaluation.off_policy.inverse_propensity import clipped_ips, ips
from models.evaluation.off_policy.limits import Limits

FREE = Limits(min_effective_sample=0, min_effective_rewards=0, max_missing_mass=0.99)


def cut(max_weight: float) -> Limits:
    return Limits(0, 0, max_weight, 0.99)


def test_hand_worked(make_rows):
    # Weights 2, 1/2, 4; residuals 1/2, -1/4, 3/4.
    rows = make_rows([1, 0, 1], [1 / 4, 1 / 2, 1 / 8], [1 / 2, 1 / 4, 1 / 2])
    predicted, expected = np.array([1 / 2, 1 / 4, 1 / 4]), np.array([1 / 8, 1 / 4, 1 / 2])
    assert dr(rows, predicted, expected, FREE).value == pytest.approx(
        Fraction(7, 8) / 3 + Fraction(1 - Fraction(1, 8) + 3, 3)
    )
    found = switch_dr(rows, predicted, expected, cut(2))
    assert found.value == pytest.approx(Fraction(7, 8) / 3 + Fraction(1 - Fraction(1, 8), 3))
    assert found.overlap.clipped_share == pytest.approx(Fraction(4, 1) / Fraction(13, 2))
    assert found.overlap.effective_rewards == 1


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_a_loop(world, seed):
    drawn = world().draw(200, seed)
    rows = drawn.rows
    for limit in (1.5, float("inf")):
        total = 0.0
        for i in range(200):
            weight = rows.probabilities[i] / rows.propensities[i]
            residual = rows.rewards[i] - drawn.predicted[i]
            total += drawn.expected[i] + (weight * residual if weight <= limit else 0)
        assert switch_dr(rows, drawn.predicted, drawn.expected, cut(limit)).value == pytest.approx(total / 200)
    assert dr(rows, drawn.predicted, drawn.expected, FREE).value == pytest.approx(total / 200)


def test_without_a_model_dr_is_ips_and_with_a_perfect_one_weights_do_not_matter(world):
    drawn = world().draw(300, 0)
    nothing = np.zeros(300)
    assert dr(drawn.rows, nothing, nothing, FREE).value == pytest.approx(ips(drawn.rows, FREE).value)
    found = dr(drawn.rows, drawn.rows.rewards, drawn.true_expected, FREE)
    assert found.value == pytest.approx(drawn.true_expected.mean())


def test_the_switch_alone_answers_where_the_model_fills_what_is_left_out(world):
    drawn = world().draw(2000, 0)
    limits = Limits(max_weight=3)
    assert switch_dr(drawn.rows, drawn.predicted, drawn.expected, limits).refused_because is None
    assert "clipped" in clipped_ips(drawn.rows, limits).refused_because
