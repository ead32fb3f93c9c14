"""Interactions as a RecBole atomic file, so that RecBole's models learn from what Sluice's learn from.

Zhao et al., 'RecBole: Towards a Unified, Comprehensive and Efficient Framework for Recommendation Algorithms', CIKM
2021. `format: recbole` reads such files back.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from models.errors import UserError

HEADER: Final = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
UNWRITABLE: Final = "[\t\r\n]"


def inter_text(interactions: pl.DataFrame) -> str:
    """The text of an `.inter` file, one line per interaction, in the given order.

    RecBole separates fields by tabs and knows no quotes, so an id with a tab or a line break has no place in it.

    Args:
        interactions: Rows of core_interactions `[n]`: `user_id`, `item_id` (text), `weight` (finite number), `event_at`
            (naive UTC instant).

    Returns:
        The header and `[n]` lines: the weight is the rating; timestamps are seconds since 1970, exact to the
        microsecond.

    Raises:
        UserError: An id holds a tab or a line break, or a value is missing.
    """
    for column in ("user_id", "item_id"):
        bad = interactions.filter(pl.col(column).str.contains(UNWRITABLE))
        if bad.height:
            found = f"{column} {bad[column][0]!r} holds a tab or a line break, which a RecBole file cannot"
            raise UserError(found, "core_interactions", "Leave such rows out, or give them other ids in the source.")
    micros = pl.col("event_at").cast(pl.Datetime("us")).to_physical()
    seconds = (micros // 1_000_000).cast(pl.String)
    fraction = (micros % 1_000_000).cast(pl.String).str.zfill(6).str.strip_chars_end("0")
    written = interactions.select(
        "user_id",
        "item_id",
        rating=pl.col("weight").cast(pl.Float64).cast(pl.String),
        timestamp=pl.when(fraction == "").then(seconds).otherwise(seconds + "." + fraction),
    )
    missing = [name for name in written.columns if written[name].null_count()]
    if missing:
        raise UserError(f"{missing[0]} is missing in a row", "core_interactions", "Leave such rows out.")
    return HEADER + written.write_csv(include_header=False, separator="\t", quote_style="never")
