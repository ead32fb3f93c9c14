"""Over 500 seeded logs, 95 % intervals hold the policy's known value about as often as they say."""

import numpy as np
import pytest

from models.evaluation.off_policy.doubly_robust import dr, switch_dr
from models.evaluation.off_policy.inverse_propensity import clipped_ips, ips, snips
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.slates import independent_ips, position_based, slate_ips

N_RUNS, N_ROWS = 500, 1500
CUT = Limits(max_weight=1.5, max_missing_mass=0.6)


def runs_of(world) -> dict[str, list]:
    """Estimator and setting -> its estimates over the runs."""
    found: dict[str, list] = {}
    wrong = np.full(N_ROWS, 0.6)
    for seed in range(N_RUNS):
        drawn = world.draw(N_ROWS, seed)
        rows, fitted, true = drawn.rows, (drawn.predicted, drawn.expected), (drawn.true_predicted, drawn.true_expected)
        for name, estimate in {
            "ips": ips(rows),
            "snips": snips(rows),
            "clipped_ips": clipped_ips(rows),
            "clipped_ips cut": clipped_ips(rows, CUT),
            "dr": dr(rows, *fitted),
            "dr, wrong model": dr(rows, wrong, wrong),
            "switch_dr": switch_dr(rows, *fitted),
            "switch_dr cut, true model": switch_dr(rows, *true, CUT),
            "switch_dr cut, wrong model": switch_dr(rows, wrong, wrong, CUT),
        }.items():
            found.setdefault(name, []).append(estimate)
    return found


@pytest.fixture(scope="module")
def estimates(world):
    return runs_of(world())


def coverage(estimates, truth: float) -> float:
    return float(np.mean([one.ci_low <= truth <= one.ci_high for one in estimates]))


def is_unbiased(estimates, truth: float) -> bool:
    """Within four standard errors of the mean over the runs."""
    values = np.array([one.value for one in estimates])
    return abs(values.mean() - truth) < 4 * values.std() / np.sqrt(len(values))


@pytest.mark.parametrize(
    "name",
    ["ips", "snips", "clipped_ips", "dr", "dr, wrong model", "switch_dr", "switch_dr cut, true model"],
)
def test_intervals_cover_the_known_value(estimates, world, name):
    assert 0.93 <= coverage(estimates[name], world().value) <= 0.97
    assert is_unbiased(estimates[name], world().value)


def test_cut_weights_cover_what_they_estimate_and_are_low_by_at_most_the_lost_mass(estimates, world):
    cut, truth = estimates["clipped_ips cut"], world().value
    assert 0.93 <= coverage(cut, world().clipped_value(1.5)) <= 0.97
    assert coverage(cut, truth) < 0.5
    lost = np.mean([1 - one.overlap.mean_weight for one in cut])
    assert truth - lost < np.mean([one.value for one in cut]) < truth


def test_a_switch_to_a_wrong_model_is_wrong(estimates, world):
    assert coverage(estimates["switch_dr cut, wrong model"], world().value) < 0.5


def test_dr_is_narrower_than_ips_and_a_wrong_model_makes_it_wider(estimates):
    width = {name: np.mean([one.standard_error for one in runs]) for name, runs in estimates.items()}
    assert width["dr"] < 0.97 * width["ips"] < width["ips"] < width["dr, wrong model"]


def test_without_the_groups_dependent_rows_are_taken_for_more_than_they_are(make_rows):
    grouped, apart = [], []
    for seed in range(N_RUNS):
        rng = np.random.default_rng(seed)
        rewards = np.repeat(rng.random(300) < 0.3, 4)
        given = (rewards, np.full(1200, 0.5), (rng.random(1200) < 0.5).astype(float))
        grouped.append(ips(make_rows(*given, groups=np.repeat(np.arange(300), 4))))
        apart.append(ips(make_rows(*given)))
    assert 0.93 <= coverage(grouped, 0.3) <= 0.97
    assert coverage(apart, 0.3) < 0.9


@pytest.fixture(scope="module")
def list_estimates(list_world):
    found: dict[str, list] = {}
    for seed in range(N_RUNS):
        at_position, exposed = list_world().draw(1000, seed)
        for estimate in (
            slate_ips(at_position),
            independent_ips(at_position),
            position_based(exposed, list_world().examination),
        ):
            found.setdefault(estimate.estimator, []).append(estimate)
    return found


@pytest.mark.parametrize("name", ["slate_ips", "independent_ips", "position_based"])
def test_intervals_of_lists_cover_the_known_value(list_estimates, list_world, name):
    assert 0.93 <= coverage(list_estimates[name], list_world().value) <= 0.97
    assert is_unbiased(list_estimates[name], list_world().value)


def test_the_more_is_assumed_the_narrower(list_estimates):
    widths = [
        np.mean([one.standard_error for one in list_estimates[name]])
        for name in ("slate_ips", "independent_ips", "position_based")
    ]
    assert widths[0] > 1.4 * widths[1] > 1.4 * 1.05 * widths[2]
