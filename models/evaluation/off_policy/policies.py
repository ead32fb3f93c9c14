"""The policies that a log is asked about, as each impression sees them.

Both fill one position at a time and leave what stands above as it was logged: the value is clicks per impression. The
estimators of lists fill all of a list's positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.evaluation.off_policy.earlier_lists import chosen_items
from models.evaluation.off_policy.exposures import Exposed, recommended_exposure, uniform_exposure
from models.evaluation.off_policy.logged_actions import LoggedActions
from models.evaluation.off_policy.shown import Shown
from models.evaluation.off_policy.whole_lists import WholeLists, whole_lists


@dataclass(frozen=True)
class JudgedPolicy:
    """Logged rows under one policy, and what the reward model says of them.

    Attributes:
        rows: The rows the policy has something to show for.
        predicted: `[n]`, the model's click rate of what was shown.
        expected: `[n]`, its expected click rate under the policy.
        lists: The logged lists as one action each, or why there are none.
        exposed: The impressions with exposures in place of chances, or why there are none.
    """

    rows: LoggedActions
    predicted: np.ndarray
    expected: np.ndarray
    lists: WholeLists | str
    exposed: Exposed | str


def uniform(shown: Shown) -> JudgedPolicy:
    """Every item that was shown in the window and does not stand above is as likely as any other."""
    n, (rows, above) = len(shown.items), shown.above
    n_left = len(shown.item_ids) - np.bincount(rows, minlength=n)
    is_repeated = np.zeros(n, dtype=bool)
    is_repeated[rows[above == shown.items[rows]]] = True
    chances = np.where(is_repeated, 0.0, 1 / np.maximum(n_left, 1))
    model = shown.rates
    of_above = np.bincount(rows, model.rates[model.folds[rows], model.positions[rows], above], minlength=n)
    of_all = model.rates[:, :, :-1].sum(axis=2)[model.folds, model.positions]
    logged = LoggedActions(shown.clicks, shown.propensities, chances, groups=shown.users)
    expected = (of_all - of_above) / np.maximum(n_left, 1)
    return JudgedPolicy(logged, model.of(shown.items), expected, whole_lists(shown, chances), uniform_exposure(shown))


def recommendations(shown: Shown, lists: pl.DataFrame) -> JudgedPolicy:
    """At each position the item of that rank in the user's list from the newest day before the impression's.

    Impressions of users without a list that day, or beyond its end, are left out. An item that was never shown in the
    window, or that stood above already, could not be logged; in a whole list, only the former.

    Args:
        shown: The impressions.
        lists: Rows `as_of_day, user_id, rank, item_id`.
    """
    chosen = chosen_items(shown.frame, lists)
    has_one = chosen.is_not_null().to_numpy()
    codes = shown.codes(chosen)
    is_chosen = (codes == shown.items).astype(np.float64)
    is_unknown = codes == len(shown.item_ids)
    is_lacking = is_unknown.copy()
    rows, above = shown.above
    is_lacking[rows[above == codes[rows]]] = True
    logged = LoggedActions(
        shown.clicks[has_one],
        shown.propensities[has_one],
        is_chosen[has_one],
        is_lacking[has_one].astype(np.float64),
        shown.users[has_one],
    )
    return JudgedPolicy(
        logged,
        shown.rates.of(shown.items)[has_one],
        shown.rates.of(codes)[has_one],
        whole_lists(shown, is_chosen, is_unknown, has_one),
        recommended_exposure(shown, lists),
    )
