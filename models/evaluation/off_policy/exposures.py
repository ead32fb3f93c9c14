"""How often each policy lets an item be looked at, at whatever position: what the position-based model needs.

With `n_j` of `n` impressions at position j, of which `n_ja` show item a, and `h_j` the examination of j:

- the log: `e_mu(a) = sum_j (n_j / n) h_j p(a | j)`, `p(a | j) = n_ja / n_j`;
- a policy: `e_pi(a | x) = sum_j (n_j / n) h_j pi(a at j | x)`.

The frequencies p stand for the logging policy whatever the context. That is right where it does not look at the user;
for a policy that does not either (`uniform`), also where the appeal of items does not depend on the user. A log and
lists that follow the same taste show in weights that average above 1, which is refused; those of `uniform` average 1
whatever the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from models.evaluation.off_policy.earlier_lists import NO_LISTS, with_list_day
from models.evaluation.off_policy.estimate import Estimate
from models.evaluation.off_policy.examination import examination_by_position
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions, is_usable
from models.evaluation.off_policy.shown import Shown
from models.evaluation.off_policy.slates import exposure_ips

GIVEN_ABOVE = (
    "examination is found by chances at the position, whatever stands above; these are given the items above "
    "(`propensity_given`)"
)
NO_POSITIONS = "no impression tells its position; map `position` in `events.columns`"
NO_CLICKS = "no click at the first position, so it is not known how much more the others are looked at"
LIST_OF_USER = ("as_of_day", "user_id")
LARGEST_WEIGHT = 100
"""Where weights of the examination are cut, times the number of items: no chance is that small by design."""


@dataclass(frozen=True)
class Exposed:
    """Impressions under one policy.

    Attributes:
        rows: Exposures of what was shown, `e_mu` and `e_pi`, in place of propensities and probabilities.
        examination: `[n]`, h of each row's position.
    """

    rows: LoggedActions
    examination: np.ndarray

    @property
    def n_impressions(self) -> int:
        """Impressions at a position for which the policy has an item."""
        return len(self.examination)

    @property
    def n_clicks(self) -> int:
        """Clicks on them."""
        return int(self.rows.rewards.sum())

    def estimate(self, limits: Limits) -> Estimate:
        """`position_based`, in clicks per impression. The interval leaves out that h and `e_mu` are estimates."""
        return exposure_ips(self.rows, self.examination, limits)


@dataclass(frozen=True)
class _Log:
    """What the log says of exposure.

    Attributes:
        shown: Impressions, each at a position.
        examination: `[n_positions]`, h; the largest is 1.
        counted: `[n]` bool, the impressions whose shares and frequencies count.
    """

    shown: Shown
    examination: np.ndarray
    counted: np.ndarray

    @cached_property
    def by_position(self) -> np.ndarray:
        """`[n_positions, n_items + 1]`: `h_j n_ja / n`; the last column, of items never shown, is 0."""
        shape = (len(self.examination), len(self.shown.item_ids) + 1)
        cells = (self.shown.positions * shape[1] + self.shown.items)[self.counted]
        counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        return counts * self.examination[:, None] / len(cells)

    @cached_property
    def down_to(self) -> np.ndarray:
        """`[n_positions, n_items + 1]`: `e_mu` of each item in lists that end at each position."""
        return self.by_position.cumsum(axis=0)

    def judged(self, deepest: np.ndarray, exposures: np.ndarray, unsupported: np.ndarray, kept: np.ndarray) -> Exposed:
        """The impressions under a policy, all arguments `[n]`: where its list ends, `e_pi`, what is lacking, mask."""
        shown, h = self.shown, self.examination[self.shown.positions]
        # A position without clicks is not looked at: its rows have no weight, and need no exposure.
        e_mu = np.where(h > 0, self.down_to[deepest, shown.items], 1.0)
        e_mu = np.where(is_usable(shown.propensities), e_mu, np.nan)
        given = (shown.clicks, e_mu, exposures, unsupported, shown.users)
        return Exposed(LoggedActions(*(values[kept] for values in given)), h[kept])


def uniform_exposure(shown: Shown) -> Exposed | str:
    """Every item that was shown at a position is as likely as any other at each; or why that cannot be said.

    Args:
        shown: The impressions; those without a position are left out.
    """
    examined = _examined(shown)
    if isinstance(examined, str):
        return examined
    shown, h = examined
    n, n_items = len(shown.items), len(shown.item_ids)
    everything = np.ones(n, dtype=bool)
    log = _Log(shown, h, everything)
    lacking = (log.down_to[-1, :n_items] == 0).mean()
    deepest, e_pi = np.full(n, len(h) - 1), log.by_position.sum() / n_items
    return log.judged(deepest, np.full(n, e_pi), np.full(n, lacking), everything)


def recommended_exposure(shown: Shown, lists: pl.DataFrame) -> Exposed | str:
    """The user's newest list from before the impression's day, shown from top to bottom; or why that cannot be said.

    An item counts wherever it stands in the list. Left out are impressions without a position, of users without a list
    that day, and beyond its end; frequencies end there too, so that a short list is compared with the log's upper part.

    Args:
        shown: The impressions.
        lists: Rows `as_of_day, user_id, rank, item_id`, down to the largest position of the impressions.
    """
    examined = _examined(shown)
    if isinstance(examined, str):
        return examined
    shown, h = examined
    rows, places = with_list_day(shown.frame, lists), shown.frame["position"].unique().sort()
    lists = lists.join(rows.select(LIST_OF_USER).unique(), on=LIST_OF_USER, how="semi")
    ends = lists.group_by(LIST_OF_USER).agg(end=pl.col("rank").max())
    end = rows.join(ends, on=LIST_OF_USER, how="left", maintain_order="left")["end"]
    has_list = end.is_not_null().to_numpy()
    deepest = np.searchsorted(places.to_numpy(), end.fill_null(0).to_numpy(), side="right") - 1
    kept = has_list & (shown.positions <= deepest)
    if not kept.any():
        return NO_LISTS
    log = _Log(shown, h, has_list)
    ranks = places.cast(lists.schema["rank"]).to_frame("rank").with_row_index("place")
    filled = lists.join(ranks, on="rank").sort(*LIST_OF_USER, "place")
    e_pi, lacking = _exposures_of_lists(rows, filled, log)
    return log.judged(np.maximum(deepest, 0), e_pi, lacking, kept)


def _examined(shown: Shown) -> tuple[Shown, np.ndarray] | str:
    """The impressions that have a position, and how likely each position is looked at; or why that is not known."""
    if shown.given_list_above:
        return GIVEN_ABOVE
    shown = Shown(shown.frame.filter(pl.col("position").is_not_null()), shown.given_list_above)
    n = len(shown.items)
    if not n:
        return NO_POSITIONS
    largest = np.full(n, float(LARGEST_WEIGHT * len(shown.item_ids)))
    usable = is_usable(shown.propensities)
    weights = np.minimum(largest, np.divide(1.0, shown.propensities, out=np.ones(n), where=usable))
    try:
        h = examination_by_position(shown.positions, shown.clicks, weights)
    except ValueError:  # Every position has rows, and every weight is above 0: what lacks are clicks.
        return NO_CLICKS
    return shown, h / h.max()


def _exposures_of_lists(rows: pl.DataFrame, filled: pl.DataFrame, log: _Log) -> tuple[np.ndarray, np.ndarray]:
    """`e_pi` of each row's item in its user's list, and the share of that list's exposure the log lacks, `[n]` each.

    Args:
        rows: Impressions with the day of their list.
        filled: Places of the lists, with the code of the position in `place`.
        log: The log.
    """
    bottom = filled.select(pl.col("place").max().over(LIST_OF_USER))["place"].to_numpy()
    filled = filled.with_columns(
        looked_at=log.by_position.sum(axis=1)[filled["place"].to_numpy()],
        is_lacking=log.down_to[bottom, log.shown.codes(filled["item_id"])] == 0,
    )
    looked_at = pl.col("looked_at").sum()
    of_items = filled.group_by(*LIST_OF_USER, "item_id", maintain_order=True).agg(looked_at)
    of_users = filled.group_by(LIST_OF_USER, maintain_order=True).agg(
        lacking=pl.col("looked_at").filter("is_lacking").sum() / looked_at
    )
    rows = rows.select(*LIST_OF_USER, "item_id")
    rows = rows.join(of_items, on=[*LIST_OF_USER, "item_id"], how="left", maintain_order="left")
    rows = rows.join(of_users, on=LIST_OF_USER, how="left", maintain_order="left")
    found = (rows[name].fill_null(0.0).fill_nan(0.0).to_numpy() for name in ("looked_at", "lacking"))
    return next(found), next(found)
