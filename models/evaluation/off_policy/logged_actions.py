"""Logged rows as one evaluation policy sees them: rewards, both policies' chances of what was shown, weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_ROUNDING = 1e-9


@dataclass(frozen=True)
class LoggedActions:
    """Impressions of one action each.

    A propensity is usable where it is in (0, 1]. What is missing (NaN), 0, negative, infinite or above 1 is none: such
    rows have no weight, and every estimate that includes one of them is refused.

    Attributes:
        rewards: `[n]` float64, finite; clicks are 0 and 1.
        propensities: `[n]` float64, the logging policy's chance of the logged action in its context; NaN is missing.
        probabilities: `[n]` float64 in [0, 1], the evaluation policy's chance of the logged action there.
        unsupported: `[n]` float64 in [0, 1], the evaluation policy's mass on actions the log could not show in that
            context, as far as known; `None` is none known.
        groups: `[n]` integers; rows of a group (a user, a list) may depend on each other, which widens the interval.
            `None`: every row is its own.

    Raises:
        ValueError: Lengths differ, a reward is not finite, or a probability or mass is outside [0, 1].
    """

    rewards: np.ndarray
    propensities: np.ndarray
    probabilities: np.ndarray
    unsupported: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        given = (self.rewards, self.propensities, self.probabilities, self.unsupported, self.groups)
        shapes = {np.shape(values) for values in given if values is not None}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"expected arrays [n] of one length, found shapes {sorted(shapes)}")
        if not np.isfinite(self.rewards).all():
            raise ValueError("every reward is a finite number")
        for name, values in (("probability", self.probabilities), ("unsupported mass", self.unsupported)):
            if values is not None and not ((values >= 0) & (values <= 1 + _ROUNDING)).all():
                raise ValueError(f"every {name} of the evaluation policy is in [0, 1]")

    @property
    def usable(self) -> np.ndarray:
        """`[n]` bool: whether the propensity is in (0, 1]; a NaN is not."""
        return is_usable(self.propensities)

    @cached_property
    def weights(self) -> np.ndarray:
        """`w = probabilities / propensities`, `[n]`; 0 where the propensity is unusable."""
        return np.divide(self.probabilities, self.propensities, out=np.zeros(len(self.rewards)), where=self.usable)


def is_usable(propensities: np.ndarray) -> np.ndarray:
    """Whether each propensity is in (0, 1], bool of the same shape; a NaN is not."""
    return (propensities > 0) & (propensities <= 1 + _ROUNDING)


def from_action_probabilities(
    actions: np.ndarray,
    rewards: np.ndarray,
    propensities: np.ndarray,
    probabilities: np.ndarray,
    logged: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> LoggedActions:
    """Rows from an evaluation policy that is known for every action.

    Args:
        actions: `[n]` integers, the logged action of each row.
        rewards: `[n]`.
        propensities: `[n]`, NaN where missing.
        probabilities: `[n, n_actions]`, the evaluation policy; rows sum to 1.
        logged: `[n, n_actions]`, the logging policy where it is known for every action, or whether it could take each
            (bool); it shows mass on what the log never takes. `None`: not known.
        groups: As in `LoggedActions`.

    Raises:
        ValueError: A row of `probabilities` does not sum to 1; or as `LoggedActions`.
    """
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-6):
        raise ValueError("the evaluation policy's probabilities of a row sum to 1")
    of_logged = np.take_along_axis(probabilities, actions[:, None], axis=1)[:, 0]
    unsupported = None if logged is None else np.clip((probabilities * ~(logged > 0)).sum(axis=1), 0, 1)
    return LoggedActions(rewards, propensities, of_logged, unsupported, groups)
