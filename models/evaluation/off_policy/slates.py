"""Whole lists: the product of all weights, one weight per position, or one per examined position.

Lists have `length` positions; values are per list. With `r_ik` the reward at position k of list i. `whole_list_ips` and
`exposure_ips` are the same for lists of different lengths, and for single impressions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.evaluation.off_policy.estimate import Estimate, judged
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions, is_usable

DEFAULTS = Limits()


@dataclass(frozen=True)
class LoggedSlates:
    """Lists of one length.

    Attributes:
        rewards: `[n, length]`.
        propensities: `[n, length]`, the logging policy's chance of the item at its position; NaN is missing.
        probabilities: `[n, length]`, the evaluation policy's.
        groups: `[n]` integers: lists of one user, which may depend on each other; `None`: every list its own.
    """

    rewards: np.ndarray
    propensities: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray | None = None

    @property
    def length(self) -> int:
        """Positions per list."""
        return self.rewards.shape[1]

    def by_position(self) -> LoggedActions:
        """A row per position; the positions of a list depend on each other."""
        groups = np.arange(len(self.rewards)) if self.groups is None else self.groups
        return LoggedActions(
            self.rewards.ravel(),
            self.propensities.ravel(),
            self.probabilities.ravel(),
            groups=np.repeat(groups, self.length),
        )


def slate_ips(slates: LoggedSlates, limits: Limits = DEFAULTS) -> Estimate:
    """IPS of the list as one action: `V = mean(prod_k w_ik * sum_k r_ik)`.

    Assumes nothing about users. Chances must multiply to those of the list: each is given what stands above. The
    effective sample shrinks with the power of the length, so it is an answer for near policies and short lists only.
    (Li et al. 2018, "Offline evaluation of ranking policies with click models", the list model.)
    """
    usable = is_usable(slates.propensities).all(axis=1)
    propensities = np.where(usable, slates.propensities.T, np.nan).prod(axis=0)
    rewards, probabilities = slates.rewards.sum(axis=1), slates.probabilities.prod(axis=1)
    return whole_list_ips(LoggedActions(rewards, propensities, probabilities, groups=slates.groups), limits=limits)


def whole_list_ips(rows: LoggedActions, lengths: np.ndarray | None = None, limits: Limits = DEFAULTS) -> Estimate:
    """`slate_ips` of lists that are one action each: `V = mean(w_i r_i)`.

    Args:
        rows: A row per list, with the products of its chances.
        lengths: `[n]`, positions of each list where `r_i` is its rewards over the mean length: V, a ratio of means, is
            then per impression. Influence values `w_i r_i + V (1 - length_i / mean(length))`, the delta method.
        limits: What an answer needs.
    """
    terms = rows.weights * rows.rewards
    if lengths is not None and len(lengths):
        terms = terms + terms.mean() * (1 - lengths / lengths.mean())
    return judged("slate_ips", rows, rows.weights, terms, limits)


def independent_ips(slates: LoggedSlates, limits: Limits = DEFAULTS) -> Estimate:
    """IPS position by position (IIPS): `V = mean(sum_k w_ik r_ik)`.

    Assumes that a position's reward depends on its own item only. Chances are those of the item at that position,
    whatever stands above. (Li et al. 2018, the item-position model; the name is that of McInerney et al. 2020.)
    """
    rows = slates.by_position()
    return judged("independent_ips", rows, rows.weights, rows.weights * rows.rewards, limits, per=slates.length)


def position_based(slates: LoggedSlates, examination: np.ndarray, limits: Limits = DEFAULTS) -> Estimate:
    """IPS under the position-based click model: `V = mean(sum_k r_ik * e_pi(a_ik) / e_mu(a_ik))`.

    Assumes that a click takes an item that attracts, wherever it stands, at a position that is examined, whatever
    stands there: `P(click on a at k) = h_k q(x, a)`. Then what counts is how often an item is examined anywhere,
    `e(a) = sum_j h_j P(a at j | x)` (`exposure`), and clicks at one position speak for all. (Li et al. 2018, the
    position-based model.) The overlap is that of the weights `h_k e_pi / (e_mu mean(h))`, which average 1; the value is
    the same.

    Args:
        slates: With exposures `e_mu` and `e_pi` of the logged items in place of propensities and probabilities.
        examination: h in (0, 1] of each position, `[length]` or `[n, length]`; see `examination_by_position`.
        limits: What an answer needs.
    """
    h = np.broadcast_to(examination, slates.rewards.shape)
    return exposure_ips(slates.by_position(), h.ravel(), limits, per=slates.length)


def exposure_ips(rows: LoggedActions, examination: np.ndarray, limits: Limits = DEFAULTS, per: float = 1.0) -> Estimate:
    """`position_based` of rows that are one position each: `V = per * mean(r_i e_pi(a_i) / e_mu(a_i))`.

    Args:
        rows: With exposures `e_mu` and `e_pi` of the logged items in place of propensities and probabilities.
        examination: `[n]`, h in [0, 1] of each row's position; where it is 0 there are no rewards.
        limits: What an answer needs.
        per: As in `judged`.
    """
    h, mean = examination, examination.mean() if len(examination) else 1.0
    rewards = np.divide(rows.rewards * mean, h, out=np.zeros(len(h)), where=rows.rewards != 0)
    scaled = replace(rows, rewards=rewards, propensities=rows.propensities * mean, probabilities=rows.probabilities * h)
    return judged("position_based", scaled, scaled.weights, scaled.weights * scaled.rewards, limits, per=per)
