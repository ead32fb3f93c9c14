"""Does a profile stay what it was from one day to the next, and does it move where its user did something?"""

from __future__ import annotations

import numpy as np

from models.profiles.quality.measure import Measure, mean_of


def stability(before: np.ndarray, after: np.ndarray, moved: np.ndarray) -> list[Measure]:
    """Mean cosine of the same users' profile texts on two as-of days.

    Args:
        before: `[n, d]` unit vectors of the earlier day.
        after: `[n, d]` those of the later day, same users.
        moved: `[n]` bool: whether the user has events between the two.

    Returns:
        `stability_idle` of those without new events, which should be 1, and `stability_active` of the others, which
        says how much a day's events change.
    """
    cosines = np.einsum("nd,nd->n", before, after) if len(before) else np.zeros(0)
    moved = np.asarray(moved, dtype=bool)
    return [mean_of("stability_idle", cosines[~moved]), mean_of("stability_active", cosines[moved])]
