"""Valid and there: the shares that the blocking checks demand to be 1, as rows beside the others."""

from __future__ import annotations

import numpy as np

from models.profiles.audit import ProfileAudit
from models.profiles.quality.measure import Measure, share_of


def validity(audit: ProfileAudit) -> Measure:
    """`schema_valid_share` of the rows looked through.

    Args:
        audit: See `audit_profiles`.
    """
    return _share("schema_valid_share", audit.n_rows - len(audit.invalid), audit.n_rows)


def coverage(n_profiles: int, n_expected: int) -> Measure:
    """`coverage`: the share of those who should have a profile that have one by this backend and prompt.

    Args:
        n_profiles: Profiles of expected ids.
        n_expected: Items known, or users with an interaction.
    """
    return _share("coverage", n_profiles, n_expected)


def _share(metric: str, n: int, of: int) -> Measure:
    return share_of(metric, np.arange(of) < n)
