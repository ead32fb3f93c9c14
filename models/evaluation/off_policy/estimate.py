"""An off-policy estimate: the value with its interval, or no value and the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions
from models.evaluation.off_policy.overlap import Overlap, reason_to_refuse
from models.evaluation.off_policy.standard_error import standard_error

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """What one estimator says of one policy.

    Attributes:
        estimator: Its name.
        value: Mean reward per row under the evaluation policy; `None` where refused.
        standard_error: Of the value; `None` where refused.
        ci_low: Lower end of the 95 % interval; `None` where refused.
        ci_high: Upper end.
        overlap: How far the log can speak for the policy; also where refused.
        refused_because: Why there is no value; `None` where there is one.
    """

    estimator: str
    value: float | None
    standard_error: float | None
    ci_low: float | None
    ci_high: float | None
    overlap: Overlap
    refused_because: str | None


def judged(
    name: str,
    rows: LoggedActions,
    used: np.ndarray,
    terms: np.ndarray,
    limits: Limits,
    model_fills_gaps: bool = False,
    per: float = 1.0,
) -> Estimate:
    """The estimate `mean(terms)`, unless the overlap forbids it.

    The interval is `value -+ 1.96 standard errors` of the influence values. A bootstrap covers no more often by over
    2.4 points, and costs a pass over the rows for every resample (docs/off-policy.md).

    Args:
        name: The estimator.
        rows: The logged rows.
        used: `[n]`, the weights as used: clipped or dropped where the estimator does so.
        terms: `[n]`, influence values: their mean is the estimate, their spread its error.
        limits: What an answer needs.
        model_fills_gaps: Whether a reward model speaks for weights that are not used.
        per: Factor on value and error: positions per list where rows are positions and the value is per list.
    """
    overlap = Overlap.of(rows, used)
    reason = reason_to_refuse(overlap, limits, model_fills_gaps)
    if reason:
        return Estimate(name, None, None, None, None, overlap, reason)
    value, error = per * float(terms.mean()), per * standard_error(terms, rows.groups)
    return Estimate(name, value, error, value - Z_95 * error, value + Z_95 * error, overlap, None)
