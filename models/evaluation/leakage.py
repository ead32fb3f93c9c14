"""The audit that nothing from after the as-of day reached a list or its training."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

_SCHEMA = pl.Schema(
    {
        "problem": pl.String(),
        "model": pl.String(),
        "user_id": pl.String(),
        "item_id": pl.String(),
        "day": pl.Date(),
    }
)


def leaked_rows(
    lists: Mapping[str, pl.DataFrame], training: pl.DataFrame, items: pl.DataFrame, as_of_day: date
) -> pl.DataFrame:
    """Rows that could not exist had only the days up to `as_of_day` been seen.

    Args:
        lists: Model name -> rows `user_id, item_id`.
        training: Interactions the models were fitted on: rows `user_id, item_id, event_day`.
        items: `core_items`.
        as_of_day: The last day that may have been seen.

    Returns:
        The offending rows, none if all is well: `problem, model, user_id, item_id, day`. Problems:
        `item_first_known_later` (day: when it was first known), `item_not_in_catalogue` (no day), and
        `trained_on_later_interaction` (no model; day: the event's).
    """
    catalogue = items.select("item_id", pl.col("first_seen_on").alias("day"))
    parts = [pl.DataFrame(schema=_SCHEMA)]
    for model, rows in lists.items():
        known = rows.select("user_id", "item_id").join(
            catalogue.with_columns(pl.lit(True).alias("listed")), on="item_id", how="left"
        )
        later, unlisted = pl.col("day") > as_of_day, pl.col("listed").is_null()
        problem = pl.when(unlisted).then(pl.lit("item_not_in_catalogue")).otherwise(pl.lit("item_first_known_later"))
        parts.append(
            known.filter(later | unlisted).with_columns(problem.alias("problem"), pl.lit(model).alias("model"))
        )
    trained = training.filter(pl.col("event_day") > as_of_day).with_columns(
        pl.lit("trained_on_later_interaction").alias("problem"), pl.lit(None, pl.String).alias("model")
    )
    parts.append(trained.with_columns(pl.col("event_day").alias("day")))
    found = pl.concat([part.select(list(_SCHEMA)).cast(_SCHEMA) for part in parts])
    return found.sort("problem", "model", "user_id", "item_id", "day")
