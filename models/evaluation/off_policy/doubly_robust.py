"""Estimators that correct a reward model by the logged rewards: DR and SWITCH-DR.

With `q(x, a)` the model's reward, `predicted_i = q(x_i, a_i)` of the logged action and
`expected_i = sum_a pi(a | x_i) q(x_i, a)`. Row i's `q` must not have been fitted to row i (`cross_fitted_rates`).
"""

from __future__ import annotations

import numpy as np

from models.evaluation.off_policy.estimate import Estimate, judged
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions

DEFAULTS = Limits()


def dr(rows: LoggedActions, predicted: np.ndarray, expected: np.ndarray, limits: Limits = DEFAULTS) -> Estimate:
    """Doubly robust: `V = mean(expected_i + w_i (r_i - predicted_i))`.

    Unbiased where propensities or the model are right; the closer the model, the narrower. (Dudik, Langford and Li
    2011, "Doubly robust policy evaluation and learning".)

    Args:
        rows: The logged rows.
        predicted: `[n]`, the model's reward of the logged action.
        expected: `[n]`, the model's expected reward under the evaluation policy.
        limits: What an answer needs.
    """
    return judged("dr", rows, rows.weights, expected + rows.weights * (rows.rewards - predicted), limits)


def switch_dr(rows: LoggedActions, predicted: np.ndarray, expected: np.ndarray, limits: Limits = DEFAULTS) -> Estimate:
    """SWITCH-DR: `V = mean(expected_i + 1[w_i <= M] w_i (r_i - predicted_i))`, M = `limits.max_weight`.

    Where the weight exceeds M the model speaks alone, and its error there is the bias. (Wang, Agarwal and Dudik 2017,
    "Optimal and adaptive off-policy evaluation in contextual bandits".) Unlike there, M is given and not chosen by an
    estimate of the mean squared error: its bound on the bias uses the largest reward, 1 for clicks, two orders above a
    click rate, and would never switch.

    Args:
        rows: The logged rows.
        predicted: `[n]`, as in `dr`.
        expected: `[n]`, as in `dr`.
        limits: What an answer needs.
    """
    used = np.where(rows.weights <= limits.max_weight, rows.weights, 0.0)
    terms = expected + used * (rows.rewards - predicted)
    return judged("switch_dr", rows, used, terms, limits, model_fills_gaps=True)
