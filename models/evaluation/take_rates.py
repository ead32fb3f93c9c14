"""How often what stood in lists was taken: by place and by score, with intervals that know whose rows they are."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.evaluation.intervals import Interval, wilson_interval
from models.evaluation.score_metrics import GroupedAuc, grouped_auc

N_BINS = 10
_PAIR = ["user_id", "item_id"]

RATES_SCHEMA = pl.Schema(
    {
        "by": pl.String(),
        "bin": pl.Int32(),
        "score_low": pl.Float64(),
        "score_high": pl.Float64(),
        "n_shown": pl.Int64(),
        "n_taken": pl.Int64(),
        "rate": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
    }
)


def take_rates(lists: pl.DataFrame, taken: pl.DataFrame, n_bins: int = N_BINS) -> pl.DataFrame:
    """Share of the listed items that were taken, by place in the list and by score.

    Scores need not be probabilities, nor mean the same for two users: the rates by score only say whether what scores
    higher is taken more often. Bins of scores hold about equal numbers of rows; equal scores are never parted, so
    there may be fewer bins, of unequal size.

    Args:
        lists: Rows `user_id, rank, item_id, score` of all lists, whether or not their user took anything.
        taken: Rows `user_id, item_id`; repeated rows count once.
        n_bins: Bins of scores, at least 1.

    Returns:
        Rows of `RATES_SCHEMA`: `by` is `rank` (`bin` is the rank) or `score` (`bin` counts from 1, the lowest), then
        `bin`; none without lists.

    Raises:
        ValueError: Fewer than 1 bin, or a score is null or NaN.
    """
    if n_bins < 1:
        raise ValueError(f"n_bins is at least 1, found {n_bins}")
    if lists["score"].null_count() or lists["score"].is_nan().any():
        raise ValueError("a listed item has no score")
    rows = _with_taken(lists, taken)
    place = (pl.col("score").rank("min") - 1).cast(pl.Int64) * n_bins // pl.len()
    frames = [
        _rates(rows.with_columns(bin=pl.col("rank").cast(pl.Int64)), "rank"),
        _rates(rows.with_columns(bin=place.rank("dense").cast(pl.Int64)), "score"),
    ]
    return pl.concat(frames)


def order_within_lists(lists: pl.DataFrame, taken: pl.DataFrame) -> GroupedAuc:
    """Within a user's list, the chance that an item that was taken scores above one that was not (`grouped_auc`).

    Args:
        lists: As in `take_rates`.
        taken: As there.
    """
    rows = _with_taken(lists, taken)
    return grouped_auc(rows["user_id"].to_numpy(), rows["is_taken"].to_numpy(), rows["score"].to_numpy())


def share_of(taken: np.ndarray, shown: np.ndarray, level: float = 0.95) -> Interval:
    """A share of rows of which some belong to the same user, with an interval that stays within 0 and 1.

    Wilson's interval (1927) at the effective number of rows `p * (1 - p) / v`, as surveys do it (Korn and Graubard
    1998 with another interval), where `v = m / (m - 1) * sum((x - p * n)^2) / sum(n)^2` over the m users is the
    variance of the share when users, not rows, are drawn. It is never above the number of rows; where `v` is 0, as
    with nothing taken, it is the number of users.

    Args:
        taken: `[m]` rows taken of each user.
        shown: `[m]` rows of each user, at least 1.
        level: Of the interval, in (0, 1).

    Raises:
        ValueError: There is no user.
    """
    m = len(shown)
    if not m:
        raise ValueError("a share needs at least one user")
    taken, shown = np.asarray(taken, dtype=np.float64), np.asarray(shown, dtype=np.float64)
    n = shown.sum()
    share = taken.sum() / n
    variance = m / max(m - 1, 1) * np.square(taken - share * shown).sum() / n**2
    effective = min(share * (1 - share) / variance, n) if variance > 0 else float(m)
    return wilson_interval(float(share), float(effective), level)


def _with_taken(lists: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    marked = taken.select(_PAIR).unique().with_columns(is_taken=True)
    joined = lists.select("user_id", "rank", "item_id", "score").join(marked, on=_PAIR, how="left")
    return joined.with_columns(pl.col("is_taken").fill_null(False))


def _rates(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """One row per `bin`."""
    users = rows.group_by("bin", "user_id").agg(
        pl.len().alias("shown"),
        pl.col("is_taken").sum().alias("taken"),
        low=pl.col("score").min(),
        high=pl.col("score").max(),
    )
    found = []
    for (number,), part in users.sort("bin", "user_id").group_by("bin", maintain_order=True):
        share = share_of(part["taken"].to_numpy(), part["shown"].to_numpy())
        counts = {"n_shown": part["shown"].sum(), "n_taken": part["taken"].sum()}
        ends = {"score_low": part["low"].min(), "score_high": part["high"].max()}
        interval = {"rate": share.mean, "ci_low": share.low, "ci_high": share.high}
        found.append({"by": by, "bin": number, **ends, **counts, **interval})
    return pl.DataFrame(found, schema=RATES_SCHEMA)
