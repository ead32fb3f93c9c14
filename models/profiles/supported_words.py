"""How well a user's own events support what a language model says of them, counted anew every day."""

from __future__ import annotations

import polars as pl

from models.profiles.config import UserExtraction
from models.profiles.schema import MOST_EVENTS
from models.profiles.user_events import exact

CITED: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "place": pl.Int64(),
    "against": pl.Boolean(),
    "kept_only": pl.Boolean(),
    "event_id": pl.String(),
}
"""Rows of cited events: the `place`-th proposition of a user cites one, for it or against it. With `kept_only` it no
longer counts once its item was given back."""


def support_of(cited: pl.DataFrame, events: pl.DataFrame, config: UserExtraction) -> pl.DataFrame:
    """Strength, confidence and events of every proposition.

    A cited event stands for its item: all that the user did with the items cited counts, and what came since with them
    does too. Strength is the share of the user's mass (what was given back not counted) that lies on these items, as
    of a label in `user_tastes`. Confidence is `n / (n + n_against + half_confidence_events)` for `n` events on them and
    `n_against` on the items cited against it. For the current interest both are counted in the current days alone, by
    weight. Of a history longer than a prompt the model has seen a part, so that a strength is a lower bound.

    Args:
        cited: See `CITED`.
        events: `user_id, item_id, event_id, event_at, mass, weight, is_current, given_back`.
        config: See `UserExtraction`.

    Returns:
        `user_id, place, strength, confidence, n, n_against, event_ids, against_event_ids, current_strength,
        current_confidence, current_event_ids`; of each item only the newest event is named, the newest item first. A
        proposition none of whose events is there any more has no row.
    """
    n, half = pl.col("n"), config.half_confidence_events
    return (
        _counted(_rows_that_count(cited, events))
        .join(_totals(events), on="user_id", how="left")
        .filter(n > 0)
        .select(
            "user_id",
            "place",
            strength=_share("mass", "mass_total"),
            confidence=(n / (n + pl.col("n_against") + half)).round(3),
            n="n",
            n_against="n_against",
            event_ids="event_ids",
            against_event_ids="against_event_ids",
            current_strength=_share("current_weight", "current_total"),
            current_confidence=(pl.col("n_current") / (pl.col("n_current") + half)).round(3),
            current_event_ids="current_event_ids",
        )
        .sort("user_id", "place")
    )


def _rows_that_count(cited: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """All events on the cited items, by proposition, the newest first; given back in part, one counts as it was."""
    items = (
        cited.join(events.select("user_id", "event_id", "item_id", "given_back"), on=["user_id", "event_id"])
        .filter(~(pl.col("kept_only") & pl.col("given_back")))
        .select("user_id", "place", "against", "item_id", "given_back")
        .unique()
    )
    rows = items.join(events, on=["user_id", "item_id", "given_back"])
    rows = rows.sort("event_at", "event_id", "given_back", descending=True)
    return rows.unique(["user_id", "place", "against", "event_id"], keep="first", maintain_order=True)


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Mass, numbers and events of every proposition."""
    against, current = pl.col("against"), ~pl.col("against") & pl.col("is_current")
    return rows.group_by("user_id", "place").agg(
        mass=exact("mass").filter(~against).sum(),
        n=(~against).sum(),
        n_against=against.sum(),
        current_weight=exact("weight").filter(current).sum(),
        n_current=current.sum(),
        event_ids=_newest_of_each(~against),
        against_event_ids=_newest_of_each(against),
        current_event_ids=_newest_of_each(current),
    )


def _totals(events: pl.DataFrame) -> pl.DataFrame:
    """Each user's mass and current weight, without what was given back."""
    kept = events.filter(~pl.col("given_back"))
    return kept.group_by("user_id").agg(
        mass_total=exact("mass").sum(), current_total=exact("weight").filter(pl.col("is_current")).sum()
    )


def _newest_of_each(which: pl.Expr) -> pl.Expr:
    """The first event of each item among some rows."""
    first = pl.col("item_id").filter(which).is_first_distinct()
    return pl.col("event_id").filter(which).filter(first).head(MOST_EVENTS)


def _share(part: str, whole: str) -> pl.Expr:
    """A part of a whole, at most 1; 1 where there is no whole, as of one who gave everything back."""
    share = pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole)).otherwise(1.0)
    return share.clip(0.0, 1.0).round(3)
