"""Is a profile about its own user? It stands beside those of others, and what the user took points to one."""

from __future__ import annotations

import numpy as np

from models.profiles.quality.measure import Measure, share_of

BLOCK = 256


def specificity(
    profiles: np.ndarray, evidence: np.ndarray, n_candidates: int = 20, seed: int = 0, metric: str = "specificity"
) -> Measure:
    """Share of the evidence that is nearest, by cosine, to its own profile among `n_candidates`.

    The other candidates are drawn for each row without replacement. Profiles that say the same of several people
    share a hit among those that tie, so that a text true of everybody comes out at chance, `1 / n_candidates`.

    Args:
        profiles: `[n, d]` unit vectors of the profiles' texts.
        evidence: `[n, d]` vectors of what is known of the same subjects: means of the texts of items they took.
        n_candidates: Profiles to choose from, its own among them; fewer where there are not so many.
        seed: Of the draws.
        metric: Name of the result.

    Returns:
        NaN for fewer than two subjects.
    """
    n = len(profiles)
    size = min(n_candidates, n)
    if size < 2:
        return share_of(metric, np.zeros(0))
    draws = np.random.default_rng(seed)
    hits = np.zeros(n)
    for start in range(0, n, BLOCK):
        rows = np.arange(start, min(start + BLOCK, n))
        similar = evidence[rows] @ profiles.T  # [block, n]: of one row of evidence, so its length does not matter
        own = similar[np.arange(len(rows)), rows]
        order = draws.random((len(rows), n))
        order[np.arange(len(rows)), rows] = 2.0  # itself is no rival
        rivals = np.argpartition(order, size - 2, axis=1)[:, : size - 1]
        against = np.take_along_axis(similar, rivals, axis=1)
        ties = np.isclose(against, own[:, None], rtol=0, atol=1e-6)
        better = (against > own[:, None]) & ~ties
        hits[rows] = np.where(better.any(axis=1), 0.0, 1 / (1 + ties.sum(axis=1)))
    return share_of(metric, hits)
