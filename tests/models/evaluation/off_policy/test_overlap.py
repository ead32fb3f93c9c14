"""Where a log cannot speak for a policy there is a reason and no value."""

import math

import numpy as np
import pytest

from models.evaluation.off_policy.doubly_robust import dr, switch_dr
from models.evaluation.off_policy.inverse_propensity import clipped_ips, ips, snips
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions, from_action_probabilities
from models.evaluation.off_policy.slates import LoggedSlates, slate_ips

ESTIMATORS = {
    "ips": ips,
    "snips": snips,
    "clipped_ips": clipped_ips,
    "dr": lambda rows, *limits: dr(rows, rows.rewards * 0, rows.rewards * 0, *limits),
    "switch_dr": lambda rows, *limits: switch_dr(rows, rows.rewards * 0, rows.rewards * 0, *limits),
}


def even(n: int = 400, **changed) -> LoggedActions:
    """Rows of an even log of two actions and a policy that takes the first; a tenth is clicked."""
    first = (np.arange(n) % 2 == 0).astype(float)
    given = {"rewards": (np.arange(n) % 10 < 2).astype(float), "propensities": np.full(n, 0.5), "probabilities": first}
    return LoggedActions(**{**given, **changed})


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
class TestEveryEstimator:
    def test_answers_where_there_is_overlap(self, estimator):
        found = estimator(even())
        assert found.refused_because is None
        assert found.value == pytest.approx(0.2)
        assert found.ci_low < found.value < found.ci_high

    @pytest.mark.parametrize("bad", [math.nan, 0, -0.5, 1.5, math.inf])
    def test_one_propensity_that_is_none_is_too_many(self, estimator, bad):
        propensities = np.full(400, 0.5)
        propensities[7] = bad
        found = estimator(even(propensities=propensities))
        assert found.refused_because == "1 of 400 propensities are missing or not in (0, 1]"
        assert (found.value, found.standard_error, found.ci_low, found.ci_high) == (None, None, None, None)
        assert found.overlap.n_rows == 400 and np.isfinite(found.overlap.largest_weight)

    def test_no_rows(self, estimator):
        assert estimator(even(0)).refused_because == "there are no impressions"

    def test_actions_the_log_could_not_show(self, estimator):
        found = estimator(even(unsupported=np.full(400, 0.06)))
        assert found.refused_because.startswith("6% of the policy's choices could never be logged")
        assert estimator(even(unsupported=np.full(400, 0.04))).value is not None
        assert estimator(even(unsupported=np.full(400, 0.06)), Limits(max_missing_mass=0.1)).value is not None

    def test_a_policy_that_never_agrees(self, estimator):
        found = estimator(even(probabilities=np.zeros(400)))
        assert found.refused_because == "the policy never chooses what was shown"
        assert found.overlap.zero_weight_share == 1

    def test_a_small_effective_sample(self, estimator):
        assert estimator(even(180)).refused_because == "effective sample size 90 is below 100"
        assert estimator(even(180), Limits(90, 10)).value is not None

    def test_few_rewards_on_what_the_policy_shows(self, estimator):
        rewards = np.zeros(400)
        rewards[:38] = 1
        found = estimator(even(rewards=rewards))
        assert found.refused_because == "rewards on what the policy would show count as 19.0, fewer than 20"
        assert estimator(even(rewards=rewards), Limits(min_effective_rewards=19)).value is not None

    def test_weights_that_do_not_average_one(self, estimator):
        too_small = estimator(even(propensities=np.full(400, 0.2)))
        assert too_small.refused_because == "weights average 2.50, not 1: propensities are not those of the log"


def test_mass_that_was_never_drawn_shows_in_the_mean_weight():
    rows = even(probabilities=np.where(np.arange(400) % 2 == 0, 0.5, 0.25))
    for estimator in (ips, snips, clipped_ips):
        assert estimator(rows).refused_because == (
            "weights average 0.75, not 1: 25% of the choices were not logged or clipped"
        )


def test_max_weight_decides_what_is_clipped():
    rows = even()
    assert clipped_ips(rows, Limits(max_weight=1, max_missing_mass=0.6)).value == pytest.approx(0.1)
    assert "clipped" in clipped_ips(rows, Limits(max_weight=1)).refused_because
    assert clipped_ips(rows).value == pytest.approx(0.2)


def test_where_every_weight_is_above_the_limit_the_model_does_not_speak_alone():
    found = ESTIMATORS["switch_dr"](even(), Limits(max_weight=1))
    assert found.refused_because == "every weight is above 1, so the reward model alone would speak"


def test_an_interval_of_one_group_is_unknown():
    found = ips(even(groups=np.zeros(400, dtype=int)))
    assert math.isinf(found.standard_error)


def test_the_mean_weight_of_few_users_may_miss_by_chance():
    """Weights of 10/3 for half of ten users and 0 for the others: far above 1, but these are ten draws."""
    users = np.arange(400) // 40
    rows = even(propensities=np.full(400, 0.3), probabilities=(users % 2).astype(float), rewards=np.ones(400))
    apart = LoggedActions(rows.rewards, rows.propensities, rows.probabilities)
    together = LoggedActions(rows.rewards, rows.propensities, rows.probabilities, groups=users)
    strict = Limits(max_missing_mass=0)
    assert "propensities are not those of the log" in ips(apart, strict).refused_because
    assert ips(together, strict).refused_because is None


def test_action_probabilities_tell_what_the_log_lacks():
    probabilities = np.tile([0.5, 0.25, 0.25], (4, 1))
    logged = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0.5, 0.5, 0]])
    rows = from_action_probabilities(np.array([0, 1, 0, 1]), np.zeros(4), np.full(4, 0.5), probabilities, logged)
    assert rows.probabilities.tolist() == [0.5, 0.25, 0.5, 0.25]
    assert rows.unsupported.tolist() == [0, 0.25, 0.5, 0.25]
    with pytest.raises(ValueError, match="sum to 1"):
        from_action_probabilities(np.zeros(4, int), np.zeros(4), np.ones(4), probabilities[:, :2])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rewards": np.full(400, math.nan)}, "finite"),
        ({"probabilities": np.full(400, 1.5)}, r"probability .* in \[0, 1\]"),
        ({"probabilities": np.full(400, math.nan)}, r"probability .* in \[0, 1\]"),
        ({"unsupported": np.full(400, -0.1)}, "unsupported mass"),
        ({"groups": np.zeros(3)}, "one length"),
    ],
)
def test_what_is_no_log_is_an_error(changed, message):
    with pytest.raises(ValueError, match=message):
        even(**changed)


def test_one_unusable_position_spoils_its_list():
    propensities = np.full((300, 2), 0.5)
    propensities[3, 1] = math.nan
    found = slate_ips(LoggedSlates(np.ones((300, 2)), propensities, np.full((300, 2), 0.5)))
    assert found.refused_because == "1 of 300 propensities are missing or not in (0, 1]"
