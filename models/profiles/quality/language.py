"""Do profiles speak the language of the items they are about?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.profiles.quality.measure import Measure, share_of
from models.text.languages import UNKNOWN, language_of


def same_language(profiles: Sequence[str], expected: Sequence[str]) -> Measure:
    """Share of the profiles in the language of their items, of those where both can be told.

    Args:
        profiles: Texts in words, such as summaries.
        expected: The language of each one's items.
    """
    pairs = [
        (found, wanted)
        for text, wanted in zip(profiles, expected, strict=True)
        if wanted != UNKNOWN and (found := language_of(text)) != UNKNOWN
    ]
    return share_of("language", np.array([found == wanted for found, wanted in pairs], dtype=bool))
