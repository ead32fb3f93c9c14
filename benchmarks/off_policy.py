"""Judge off-policy estimates by the Open Bandit logs: `python benchmarks/off_policy.py FOLDER [--intervals]`.

The logs of two policies on the same shop and week, `bts` and `random`, say what each really earned. For men and women:

1. the click rate of the random policy from the log of bts and its propensities, against the log of random;
2. the reverse. The log of bts holds its chance of what was shown only, and that chance changed all week, so its chances
   of what random showed are not known. Its frequencies by position stand in: bts as it was on average.

Rows are single positions of lists of three; nothing tells which belong together, so no list can be evaluated whole.
The position-based model needs each item's chance at every position: frequencies, again. With `--intervals`: how often
intervals, by the normal distribution, by percentiles of the bootstrap and by the gamma distribution, hold the known
value of synthetic logs with clicks as rare and weights as uneven as there.

Refused estimates are printed all the same, with the reason: here one can see what they would have been worth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import chi2

from models.evaluation.off_policy.click_rates import cross_fitted_rates, folds_of
from models.evaluation.off_policy.doubly_robust import dr, switch_dr
from models.evaluation.off_policy.estimate import Z_95, Estimate
from models.evaluation.off_policy.examination import examination_by_position, exposure
from models.evaluation.off_policy.inverse_propensity import clipped_ips, ips, snips
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.logged_actions import LoggedActions
from models.evaluation.off_policy.overlap import effective_number
from models.evaluation.off_policy.slates import LoggedSlates, position_based
from models.evaluation.off_policy.standard_error import standard_error

LIMITS = Limits()
NONE = Limits(min_effective_sample=0, min_effective_rewards=0, max_missing_mass=1e9)
COLUMNS = (16, 11, 19, 8, 8, 8, 10, 6)
HEAD = ("estimator", "click rate", "95 % interval", "ESS", "clicks", "mean w", "max w", "cut")
RUNS, RESAMPLES = 500, 300


@dataclass
class Log:
    """One policy's log of one campaign; items and positions are codes from 0."""

    items: np.ndarray
    positions: np.ndarray
    clicks: np.ndarray
    propensities: np.ndarray
    keys: list[str]

    @classmethod
    def read(cls, folder: Path, policy: str, campaign: str) -> Log:
        frame = pl.read_csv(folder / policy / campaign / f"{campaign}.csv.gz")
        columns = (frame[name].to_numpy() for name in ("item_id", "position", "click", "propensity_score"))
        items, positions, clicks, propensities = columns
        return cls(items, positions - 1, clicks.astype(float), propensities, frame["timestamp"].to_list())

    @property
    def frequencies(self) -> np.ndarray:
        """How often each item stood at each position, `[n_positions, n_items]`; rows sum to 1."""
        shape = (self.positions.max() + 1, self.items.max() + 1)
        counts = np.bincount(self.positions * shape[1] + self.items, minlength=shape[0] * shape[1]).reshape(shape)
        return counts / counts.sum(axis=1, keepdims=True)


def estimates(log: Log, policy: np.ndarray, limits: Limits) -> Iterator[Estimate]:
    """Every estimator's answer for a policy `[n_positions, n_items]`."""
    rows = LoggedActions(log.clicks, log.propensities, policy[log.positions, log.items])
    folds = folds_of(log.keys)
    fitted = cross_fitted_rates(log.items, log.positions, log.clicks, folds, policy.shape[1], len(policy))
    model = fitted.of(log.items), fitted.expected(policy)
    yield from (ips(rows, limits), snips(rows, limits), clipped_ips(rows, limits))
    yield from (dr(rows, *model, limits), switch_dr(rows, *model, limits))
    h = examination_by_position(log.positions, log.clicks, np.minimum(1 / log.propensities, 100 * policy.shape[1]))
    h = h / h.max()
    exposures = (exposure(chances.T, h)[log.items][:, None] for chances in (log.frequencies, policy))
    yield position_based(LoggedSlates(log.clicks[:, None], *exposures), h[log.positions][:, None], limits)


def cells(values: Sequence[str]) -> str:
    """One line of a table: the first column to the left, the others to the right."""
    padded = [f"{value:>{width}}" for value, width in zip(values[1:], COLUMNS[1:], strict=True)]
    return f"{values[0]:<{COLUMNS[0]}}" + "".join(padded)


def line(estimate: Estimate, reason: str | None) -> str:
    """What an estimator would have said, and why it says nothing."""
    overlap = estimate.overlap
    values = [
        estimate.estimator,
        f"{estimate.value:.2%}",
        f"{estimate.ci_low:.2%} to {estimate.ci_high:.2%}",
        f"{overlap.effective_sample:,.0f}",
        f"{overlap.effective_rewards:.1f}",
        f"{overlap.mean_weight:.2f}",
        f"{overlap.largest_weight:,.1f}",
        f"{overlap.clipped_share:.0%}",
    ]
    return cells(values) + (f"  refused: {reason}" if reason else "")


def compare(title: str, log: Log, policy: np.ndarray, other: Log) -> None:
    """Print what a log says of a policy, below what the policy's own log says."""
    print(f"\n{title}\n{cells(HEAD)}")
    for name, own in (("really", other), ("of the log", log)):
        whole = np.ones(len(own.clicks))
        print(line(replace(ips(LoggedActions(own.clicks, whole, whole)), estimator=name), None))
    for unlimited, estimate in zip(estimates(log, policy, NONE), estimates(log, policy, LIMITS), strict=True):
        print(line(replace(unlimited, overlap=estimate.overlap), estimate.refused_because))


def interval_table() -> None:
    """Print how often three kinds of interval hold the truth, by expected clicks and spread of the weights."""
    print(f"\nShare of {RUNS} logs of 10,000 rows whose 95 % interval of IPS holds the value (bootstrap: {RESAMPLES})")
    names = ("clicks", "spread", "effective", "normal", "percentile", "gamma", "answered", "normal of these")
    print("".join(f"{name:>{width}}" for name, width in zip(names, (7, 8, 11, 9, 12, 9, 10, 17), strict=True)))
    for n_clicks in (20, 50, 200):
        for spread in (0.0, 0.5, 1.0, 1.5):
            print(intervals_of(n_clicks, spread))


def intervals_of(n_clicks: int, spread: float, n: int = 10_000) -> str:
    """One row: weights are log-normal with mean 1; the click rate does not depend on them, so the value is known."""
    truth, held, effective = n_clicks / n, np.zeros((RUNS, 3), bool), np.zeros(RUNS)
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        terms = np.exp(spread * rng.normal(size=n) - spread**2 / 2) * (rng.random(n) < truth)
        clicked = terms[terms > 0]
        drawn = rng.poisson(1.0, size=(RESAMPLES, len(clicked))) @ clicked / n
        low, high = np.quantile(drawn, [0.025, 0.975])
        least, most = gamma_interval(clicked / n)
        is_near = abs(terms.mean() - truth) <= Z_95 * standard_error(terms)
        held[seed] = is_near, low <= truth <= high, least <= truth <= most
        effective[seed] = effective_number(terms)
    answered = effective >= LIMITS.min_effective_rewards
    normal, percentile, gamma = held.mean(axis=0)
    of_these = f"{held[answered, 0].mean():17.3f}" if answered.any() else f"{'-':>17}"
    middle = f"{np.median(effective):11.1f}{normal:9.3f}{percentile:12.3f}{gamma:9.3f}{answered.mean():10.0%}"
    return f"{n_clicks:7}{spread:8.1f}{middle}{of_these}"


def gamma_interval(parts: np.ndarray) -> tuple[float, float]:
    """95 % interval of a sum of weighted counts (Fay and Feuer 1997), of the parts each count adds, `[n_clicks]`."""
    total, variance = parts.sum(), np.square(parts).sum()
    more, wider = total + parts.max(), variance + parts.max() ** 2
    low = variance / (2 * total) * chi2.ppf(0.025, 2 * total**2 / variance)
    return low, wider / (2 * more) * chi2.ppf(0.975, 2 * more**2 / wider)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="The Open Bandit sample: {bts,random}/{men,women}/*.csv.gz.")
    parser.add_argument("--intervals", action="store_true", help="Also measure three kinds of interval.")
    arguments = parser.parse_args()
    for campaign in ("men", "women"):
        bts, random = (Log.read(arguments.folder, policy, campaign) for policy in ("bts", "random"))
        even = np.full_like(bts.frequencies, 1 / bts.frequencies.shape[1])
        compare(f"{campaign}: random, from the log of bts", bts, even, random)
        compare(f"{campaign}: bts on average, from the log of random", random, bts.frequencies, bts)
    if arguments.intervals:
        interval_table()


if __name__ == "__main__":
    main()
