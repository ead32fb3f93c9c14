"""How far a log can speak for a policy, and why it may not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions
from models.evaluation.off_policy.standard_error import standard_error

CHANCE_ERRORS = 4
"""Standard errors by which the mean weight may miss its bounds by chance: one false alarm in 30,000 estimates."""


@dataclass(frozen=True)
class Overlap:
    """Numbers about the weights of one estimate.

    Attributes:
        n_rows: Logged rows.
        n_unusable: Rows whose propensity is missing, not in (0, 1], or no number.
        effective_rewards: `(sum w r)^2 / sum (w r)^2` of the weights used: as many equal rewards say as much.
        effective_sample: `(sum w)^2 / sum w^2` of the weights used (Kong 1992); at most the number of rows.
        largest_weight: Of the weights before any clipping.
        mean_weight: Of the weights used. Its expectation is 1 where every choice of the evaluation policy could be
            logged and propensities are right; lower by the mass that was not, or that was clipped.
        mean_weight_error: Its standard error.
        clipped_share: Share of the sum of weights that is not used.
        zero_weight_share: Share of rows that the evaluation policy never would have shown.
        unsupported_share: Its known mass on actions that the log could not show, mean over rows.
    """

    n_rows: int
    n_unusable: int
    effective_rewards: float
    effective_sample: float
    largest_weight: float
    mean_weight: float
    mean_weight_error: float
    clipped_share: float
    zero_weight_share: float
    unsupported_share: float

    @classmethod
    def of(cls, rows: LoggedActions, used: np.ndarray) -> Overlap:
        """Of logged rows.

        Args:
            rows: The rows.
            used: `[n]`, the weights an estimator uses.
        """
        n, total = len(used), float(used.sum())
        if not n:
            return cls(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        everything = float(rows.weights.sum())
        return cls(
            n_rows=n,
            n_unusable=int((~rows.usable).sum()),
            effective_rewards=effective_number(np.abs(used * rows.rewards)),
            effective_sample=effective_number(used),
            largest_weight=float(rows.weights.max()),
            mean_weight=total / n,
            mean_weight_error=standard_error(used, rows.groups),
            clipped_share=max(0.0, 1 - total / everything) if everything else 0.0,
            zero_weight_share=float((rows.probabilities <= 0).mean()),
            unsupported_share=float(rows.unsupported.mean()) if rows.unsupported is not None else 0.0,
        )


def effective_number(weights: np.ndarray) -> float:
    """`(sum w)^2 / sum w^2`: how many equal weights say as much; 0 where all are 0.

    Args:
        weights: `[n]`, not negative.
    """
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def reason_to_refuse(overlap: Overlap, limits: Limits, model_fills_gaps: bool = False) -> str | None:
    """Why there is no answer, in words; `None` where there is one.

    Args:
        overlap: Of the estimate.
        limits: What an answer needs.
        model_fills_gaps: Weights that were left out are no gap, since a reward model speaks for them. Actions that the
            log is known to lack still are.
    """
    mass, share = limits.max_missing_mass, overlap.unsupported_share
    if not overlap.n_rows:
        return "there are no impressions"
    if overlap.n_unusable:
        return f"{overlap.n_unusable} of {overlap.n_rows} propensities are missing or not in (0, 1]"
    if share > mass:
        return f"{share:.0%} of the policy's choices could never be logged where they are made, more than {mass:.0%}"
    if not overlap.mean_weight:
        if overlap.largest_weight:
            return f"every weight is above {limits.max_weight:g}, so the reward model alone would speak"
        return "the policy never chooses what was shown"
    if overlap.effective_sample < limits.min_effective_sample:
        return f"effective sample size {overlap.effective_sample:.0f} is below {limits.min_effective_sample:g}"
    if overlap.effective_rewards < limits.min_effective_rewards:
        found = f"rewards on what the policy would show count as {overlap.effective_rewards:.1f}"
        return f"{found}, fewer than {limits.min_effective_rewards:g}"
    return _reason_of_mean_weight(overlap, mass, model_fills_gaps)


def _reason_of_mean_weight(overlap: Overlap, mass: float, model_fills_gaps: bool) -> str | None:
    chance = CHANCE_ERRORS * overlap.mean_weight_error
    if overlap.mean_weight - chance > 1 + mass:
        return f"weights average {overlap.mean_weight:.2f}, not 1: propensities are not those of the log"
    if overlap.mean_weight + chance < 1 - mass and not model_fills_gaps:
        lost = 1 - overlap.mean_weight
        return f"weights average {overlap.mean_weight:.2f}, not 1: {lost:.0%} of the choices were not logged or clipped"
    return None
