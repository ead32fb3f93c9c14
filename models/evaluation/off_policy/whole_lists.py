"""Logged lists as one action each: chances multiplied, clicks added up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.evaluation.off_policy.estimate import Estimate
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions, is_usable
from models.evaluation.off_policy.shown import LIST_KEY, Shown
from models.evaluation.off_policy.slates import whole_list_ips

NOT_GIVEN_ABOVE = (
    "chances multiply to those of a list only where each is given the items above; these are at the position, "
    "whatever stands above"
)
NO_PLACES = "no impression tells its list and place there; map `impression_id` and `position` in `events.columns`"
NO_CHOICES = "the policy fills all positions of none of the logged lists"


@dataclass(frozen=True)
class WholeLists:
    """Lists under one policy.

    Attributes:
        rows: A row per list; its reward is its clicks over the mean length, so that the mean is per impression.
        lengths: `[n]`, positions of each list.
    """

    rows: LoggedActions
    lengths: np.ndarray

    @property
    def n_impressions(self) -> int:
        """Impressions in these lists."""
        return int(self.lengths.sum())

    @property
    def n_clicks(self) -> int:
        """Clicks on them."""
        return round(float(self.rows.rewards.sum() * self.lengths.mean()))

    def estimate(self, limits: Limits) -> Estimate:
        """`slate_ips`, in clicks per impression."""
        return whole_list_ips(self.rows, self.lengths, limits)


def whole_lists(
    shown: Shown,
    probabilities: np.ndarray,
    is_lacking: np.ndarray | None = None,
    has_choice: np.ndarray | None = None,
) -> WholeLists | str:
    """Lists as one policy sees them, or why there are none.

    Impressions without `impression_id` or position are part of no list. Left out are lists with a position that the
    policy leaves empty, and those with two impressions at one position: chances of two lists would be multiplied. A
    position whose propensity is missing is no row here, and stays as it was logged.

    Args:
        shown: The impressions.
        probabilities: `[n]`, the policy's chance of each given what stands above.
        is_lacking: `[n]` bool, whether what the policy has there was never shown; `None`: all was.
        has_choice: `[n]` bool, whether the policy has anything there; `None`: always.
    """
    if not shown.given_list_above:
        return NOT_GIVEN_ABOVE
    n = len(shown.items)
    places = shown.frame.select(
        *LIST_KEY,
        "position",
        user=pl.Series(shown.users),
        click=pl.Series(shown.clicks),
        propensity=pl.Series(np.where(is_usable(shown.propensities), shown.propensities, np.nan)),
        probability=pl.Series(probabilities),
        is_lacking=pl.Series(np.zeros(n, dtype=bool) if is_lacking is None else is_lacking),
        has_choice=pl.Series(np.ones(n, dtype=bool) if has_choice is None else has_choice),
    ).drop_nulls(["impression_id", "position"])
    if places.is_empty():
        return NO_PLACES
    lists = places.group_by(LIST_KEY, maintain_order=True).agg(
        pl.col("user").first(),
        pl.col("click").sum(),
        pl.col("propensity", "probability").product(),
        pl.col("is_lacking").any(),
        (pl.col("has_choice").all() & (pl.col("position").n_unique() == pl.len())).alias("is_whole"),
        pl.len().alias("length"),
    )
    lists = lists.filter("is_whole")
    if lists.is_empty():
        return NO_CHOICES
    lengths = lists["length"].cast(pl.Float64).to_numpy()
    rows = LoggedActions(
        lists["click"].to_numpy() / lengths.mean(),
        lists["propensity"].to_numpy(),
        lists["probability"].to_numpy(),
        lists["is_lacking"].cast(pl.Float64).to_numpy(),
        lists["user"].to_numpy(),
    )
    return WholeLists(rows, lengths)
