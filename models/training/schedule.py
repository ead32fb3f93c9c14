"""How the step size goes on after the warm-up."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["constant", "linear", "cosine"]


def share_of_learning_rate(schedule: Schedule, through: float, final_share: float) -> float:
    """The share of the learning rate that a step takes.

    With `t = through` and `f = final_share`: `constant` is 1, `linear` is `1 - (1 - f) t`, and `cosine` is
    `f + (1 - f) (1 + cos(pi t)) / 2` (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    ICLR 2017, without restarts). It depends on how far the run is alone, so a run that is continued from a checkpoint
    takes the same steps.

    Args:
        schedule: Which.
        through: How far the longest possible run is, 0 to 1.
        final_share: What is left at its end, 0 to 1.
    """
    if schedule == "linear":
        return 1 - (1 - final_share) * through
    if schedule == "cosine":
        return final_share + (1 - final_share) * (1 + math.cos(math.pi * through)) / 2
    return 1.0
