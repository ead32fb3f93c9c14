"""A number about profiles with its interval, and the two ways to come by one: a share and a mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.evaluation.intervals import bootstrap_intervals, wilson_interval

RESAMPLES = 1000


class Measure(NamedTuple):
    """One number.

    Attributes:
        metric: What was measured.
        value: The number; NaN where there was nothing to measure.
        ci_low: Lower end of its 95 % interval.
        ci_high: Upper end.
        n: Profiles, events or texts it is about.
    """

    metric: str
    value: float
    ci_low: float
    ci_high: float
    n: int


def share_of(metric: str, hits: np.ndarray) -> Measure:
    """A share with Wilson's interval, which stays within 0 and 1.

    Args:
        metric: Its name.
        hits: `[n]` bool, or numbers from 0 to 1 where a tie is worth a part.
    """
    n = len(hits)
    share = float(np.asarray(hits, dtype=np.float64).mean()) if n else float("nan")
    return Measure(metric, *wilson_interval(share, n), n)


def mean_of(metric: str, values: np.ndarray) -> Measure:
    """A mean with a percentile bootstrap interval over what it is the mean of.

    Args:
        metric: Its name.
        values: `[n]` numbers.
    """
    if not len(values):
        return Measure(metric, *(float("nan"),) * 3, 0)
    (interval,) = bootstrap_intervals(np.asarray(values, dtype=np.float64)[:, None], RESAMPLES)
    return Measure(metric, *interval, len(values))
