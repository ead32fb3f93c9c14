"""When an off-policy estimate is an answer, and when it is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What an estimate must have to be given.

    Attributes:
        min_effective_sample: Least effective sample size `(sum w)^2 / sum w^2` of the weights used.
        min_effective_rewards: Least number of equal rewards that say as much as those weighted:
            `(sum w r)^2 / sum (w r)^2`. It decides how often an interval holds the value: of 100, about 94 from 40
            on, 91 at 20, 87 at 10 (docs/off-policy.md).
        max_weight: Where `clipped_ips` cuts weights and `switch_dr` leaves them to its reward model; above 0.
        max_missing_mass: Largest share of the evaluation policy's choices that the log may lack, in [0, 1).
    """

    min_effective_sample: float = 100.0
    min_effective_rewards: float = 20.0
    max_weight: float = 100.0
    max_missing_mass: float = 0.05
