"""Group fairness: is a metric the same for all groups of users?"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

NO_GROUP = "unknown"
"""The group of users without the attribute."""


@dataclass(frozen=True)
class GroupFairness:
    """A metric's means by group.

    Attributes:
        groups: Rows `group, n_users, mean`, best mean first, equal ones by name.
        difference: Best mean minus worst; 0 is fair, NaN with fewer than 2 groups.
        ratio: Worst mean over best, in [0, 1] for a metric that is at least 0; 1 is fair, NaN with fewer than 2 groups
            or where the best is 0.
        worst_group: Its name; `None` without users.
    """

    groups: pl.DataFrame
    difference: float
    ratio: float
    worst_group: str | None


def group_fairness(values: pl.DataFrame, attribute: pl.DataFrame, min_users: int = 1) -> GroupFairness:
    """Compare the means of a metric between the groups of a user attribute.

    (Ekstrand et al. 2018, "All The Cool Kids, How Do They Fit In?"; difference and ratio between the extremes as for
    demographic parity, Bird et al. 2020, "Fairlearn".) Means of small groups differ by chance: with many groups the
    difference of equal ones is well above 0, so give `min_users`, and look at intervals before calling it unfair.

    Args:
        values: Rows `user_id, value`, one per user, of one metric and k; NaN and null values are left out.
        attribute: Rows `user_id, group` (any type), one per user; users without a row or with null are `unknown`.
        min_users: Smaller groups are left out of the comparison, and of `groups`.

    Raises:
        ValueError: A user has two values or two groups, or `min_users` is below 1.
    """
    for name, frame in (("values", values), ("attribute", attribute)):
        if frame["user_id"].is_duplicated().any():
            raise ValueError(f"{name} has two rows for one user; give one metric at one k, and one group per user")
    if min_users < 1:
        raise ValueError(f"min_users is at least 1, found {min_users}")
    group = attribute.select("user_id", pl.col("group").cast(pl.String))
    known = values.filter(pl.col("value").is_not_null() & pl.col("value").is_not_nan())
    joined = known.join(group, on="user_id", how="left").with_columns(pl.col("group").fill_null(NO_GROUP))
    groups = (
        joined.sort("user_id")
        .group_by("group", maintain_order=True)
        .agg(pl.len().alias("n_users"), pl.col("value").mean().alias("mean"))
        .filter(pl.col("n_users") >= min_users)
        .sort("mean", "group", descending=[True, False])
    )
    means = groups["mean"].to_list()
    worst = str(groups.sort("mean", "group")["group"][0]) if means else None
    if len(means) < 2:
        return GroupFairness(groups, float("nan"), float("nan"), worst)
    ratio = means[-1] / means[0] if means[0] else float("nan")
    return GroupFairness(groups, means[0] - means[-1], ratio, worst)
