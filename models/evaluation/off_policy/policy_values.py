"""What the policies of a shop would have earned per impression, by every estimator: one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.evaluation.off_policy.doubly_robust import dr, switch_dr
from models.evaluation.off_policy.earlier_lists import NO_LISTS
from models.evaluation.off_policy.estimate import Estimate, judged
from models.evaluation.off_policy.inverse_propensity import clipped_ips, ips, snips
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions
from models.evaluation.off_policy.policies import JudgedPolicy, recommendations, uniform
from models.evaluation.off_policy.shown import Shown

PER_IMPRESSION = ("ips", "snips", "clipped_ips", "dr", "switch_dr")
SLATE_IPS, POSITION_BASED = "slate_ips", "position_based"
ESTIMATORS = (*PER_IMPRESSION, SLATE_IPS, POSITION_BASED)
MEAN, LOGGED, UNIFORM, RECOMMENDATIONS = "mean", "logged", "uniform", "recommendations"
SCHEMA = {
    **dict.fromkeys(("policy", "estimator"), pl.Utf8),
    **dict.fromkeys(("value", "standard_error", "ci_low", "ci_high", "ess", "effective_clicks"), pl.Float64),
    **dict.fromkeys(("n_impressions", "n_clicks"), pl.Int64),
    **dict.fromkeys(("mean_weight", "largest_weight", "clipped_share"), pl.Float64),
    **dict.fromkeys(("zero_weight_share", "unsupported_share"), pl.Float64),
    "refused_because": pl.Utf8,
}


@dataclass(frozen=True)
class _Rows:
    """Rows of the table that share a policy and its impressions."""

    policy: str
    n_impressions: int
    n_clicks: int

    def of(self, estimate: Estimate) -> dict[str, object]:
        overlap = estimate.overlap
        return {
            "policy": self.policy,
            "estimator": estimate.estimator,
            **{name: getattr(estimate, name) for name in ("value", "standard_error", "ci_low", "ci_high")},
            "ess": overlap.effective_sample,
            "effective_clicks": overlap.effective_rewards,
            "n_impressions": self.n_impressions,
            "n_clicks": self.n_clicks,
            **{name: getattr(overlap, name) for name in ("mean_weight", "largest_weight", "clipped_share")},
            **{name: getattr(overlap, name) for name in ("zero_weight_share", "unsupported_share")},
            "refused_because": estimate.refused_because,
        }


def value_policies(
    impressions: pl.DataFrame, lists: pl.DataFrame, limits: Limits, given_list_above: bool = True
) -> pl.DataFrame:
    """Values of what was shown (`logged`), of chance (`uniform`), and of the lists (`recommendations`).

    Only impressions with a propensity count; without any, `logged` is the mean over all of them and the others are
    refused. A propensity that is there and not in (0, 1] refuses every estimate that it is part of.

    Args:
        impressions: Rows as `Shown.frame`, none without an item.
        lists: Rows `as_of_day, user_id, rank, item_id`, down to the largest position; may be empty.
        limits: What an answer needs. They do not apply to `logged`, which is what happened.
        given_list_above: As in `Shown`.

    Returns:
        Rows of `SCHEMA`, one per policy and estimator, always the same fifteen.
    """
    with_chance = impressions.filter(pl.col("propensity").is_not_null())
    if with_chance.is_empty():
        words = "there are no impressions"
        if impressions.height:
            words = f"none of {impressions.height} impressions has a propensity; map it in `events.columns`"
        found = _values(LOGGED, None, Shown(impressions))
        found += [row for policy in (UNIFORM, RECOMMENDATIONS) for row in _without(policy, words)]
        return pl.DataFrame(found, schema=SCHEMA)
    shown = Shown(with_chance, given_list_above)
    found = _values(LOGGED, None, shown)
    found += _values(UNIFORM, uniform(shown), shown, limits)
    judged_lists = recommendations(shown, lists)
    if len(judged_lists.rows.rewards):
        found += _values(RECOMMENDATIONS, judged_lists, shown, limits)
    else:
        found += _without(RECOMMENDATIONS, NO_LISTS)
    return pl.DataFrame(found, schema=SCHEMA)


def _values(policy: str, of: JudgedPolicy | None, shown: Shown, limits: Limits | None = None) -> list[dict]:
    """Rows of one policy; without a judged policy, what happened."""
    if of is None or limits is None:
        whole = np.ones(shown.frame.height)
        rows = LoggedActions(shown.clicks, whole, whole, groups=shown.users)
        none = Limits(min_effective_sample=0, min_effective_rewards=0)
        return [_Rows(policy, len(whole), int(shown.clicks.sum())).of(judged(MEAN, rows, whole, shown.clicks, none))]
    rows, model = of.rows, (of.predicted, of.expected)
    made = [ips(rows, limits), snips(rows, limits), clipped_ips(rows, limits)]
    made += [dr(rows, *model, limits), switch_dr(rows, *model, limits)]
    counted = _Rows(policy, len(rows.rewards), int(rows.rewards.sum()))
    found = [counted.of(estimate) for estimate in made]
    for name, part in ((SLATE_IPS, of.lists), (POSITION_BASED, of.exposed)):
        if isinstance(part, str):
            found += _without(policy, part, (name,))
        else:
            found.append(_Rows(policy, part.n_impressions, part.n_clicks).of(part.estimate(limits)))
    return found


def _without(policy: str, reason: str, names: tuple[str, ...] = ESTIMATORS) -> list[dict]:
    nothing = dict.fromkeys(SCHEMA)
    counts = {"n_impressions": 0, "n_clicks": 0, "refused_because": reason}
    return [{**nothing, **counts, "policy": policy, "estimator": name} for name in names]
