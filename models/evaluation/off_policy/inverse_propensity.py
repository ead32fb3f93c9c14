"""Estimators that reweight logged rewards and know no reward model: IPS, self-normalised, clipped.

With weight `w_i = pi(a_i | x_i) / mu(a_i | x_i)` of the evaluation policy pi over the logging policy mu, and reward
`r_i`. Each is per row, so positions of a list are rows of their own: independent IPS.
"""

from __future__ import annotations

import numpy as np

from models.evaluation.off_policy.estimate import Estimate, judged
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions

DEFAULTS = Limits()


def ips(rows: LoggedActions, limits: Limits = DEFAULTS) -> Estimate:
    """Inverse propensity score: `V = mean(w_i r_i)`.

    Unbiased where mu takes every action that pi takes. (Horvitz and Thompson 1952; for policies, Bottou et
    al. 2013, "Counterfactual reasoning and learning systems".)
    """
    return judged("ips", rows, rows.weights, rows.weights * rows.rewards, limits)


def snips(rows: LoggedActions, limits: Limits = DEFAULTS) -> Estimate:
    """Self-normalised IPS: `V = sum(w_i r_i) / sum(w_i)`.

    Biased by the order of 1/n, within the range of the rewards, often far less variable than IPS. Influence values
    `V + w_i (r_i - V) / mean(w)`, the delta method. (Swaminathan and Joachims 2015, "The self-normalized estimator
    for counterfactual learning".)
    """
    mean = rows.weights.mean() if len(rows.weights) else 0.0
    if not mean:
        return judged("snips", rows, rows.weights, rows.weights, limits)
    value = (rows.weights * rows.rewards).mean() / mean
    return judged("snips", rows, rows.weights, value + rows.weights * (rows.rewards - value) / mean, limits)


def clipped_ips(rows: LoggedActions, limits: Limits = DEFAULTS) -> Estimate:
    """IPS with weights cut: `V = mean(min(w_i, M) r_i)`, M = `limits.max_weight`.

    Too low by `E[(w - M)+ r]`, at most the lost mass `1 - E[min(w, M)]` times the largest reward: the interval covers
    the cut expectation, not the policy's value; where the lost mass exceeds `limits.max_missing_mass`, it is refused.
    (Ionides 2008, "Truncated importance sampling".)
    """
    used = np.minimum(rows.weights, limits.max_weight)
    return judged("clipped_ips", rows, used, used * rows.rewards, limits)
