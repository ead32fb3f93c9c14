"""How long profiles are, in words, and whether they stay within bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.profiles.quality.measure import Measure, mean_of, share_of


def lengths(texts: Sequence[str], bounds: tuple[int, int]) -> list[Measure]:
    """`length`, the mean number of words, and `length_in_bounds`, the share of texts within the bounds.

    Args:
        texts: Profiles in words, such as summaries.
        bounds: Fewest and most words, both allowed.
    """
    words = np.array([len(text.split()) for text in texts], dtype=np.int64)
    within = (words >= bounds[0]) & (words <= bounds[1])
    return [mean_of("length", words), share_of("length_in_bounds", within)]
