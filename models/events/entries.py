"""Rows of an expanded log: which line and entry they are, and ids that tell the entries of a line apart."""

from __future__ import annotations

import polars as pl

from models.events.expansion import FURTHER, LINE_SCALE


def with_entry_ids(events: pl.DataFrame) -> pl.DataFrame:
    """Add the entry to the event ids: `e1#3` is the third entry of the line with id e1, which itself keeps its id.

    An id depends on the line's values and the entry's place: a line that is delivered twice gives the same ids twice.

    Args:
        events: Rows with `event_id` and `source_line`.
    """
    number = pl.col("source_line") % LINE_SCALE
    named = pl.concat_str("event_id", pl.lit("#"), number)
    return events.with_columns(pl.when(number > 0).then(named).otherwise("event_id").alias("event_id"))


def entry_named(detail: pl.Expr) -> pl.Expr:
    """The detail of a rejected row with its line and entry in front; a line as a whole names only itself."""
    number = pl.col("source_line") % LINE_SCALE
    line = pl.col("source_line") // LINE_SCALE
    entry = pl.when(number > 0).then(pl.format(", entry {}", number % FURTHER)).otherwise(pl.lit(""))
    return pl.format("line {}{}: {}", line, entry, detail)
