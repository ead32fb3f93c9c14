"""Which list an impression is judged by: its user's newest one that was made before its day."""

from __future__ import annotations

from typing import Final

import polars as pl

NO_LISTS = "no list was made for these users before the days of the impressions"

LISTS: Final = pl.Schema({"as_of_day": pl.Date(), "user_id": pl.String(), "rank": pl.Int32(), "item_id": pl.String()})


def with_list_day(impressions: pl.DataFrame, lists: pl.DataFrame) -> pl.DataFrame:
    """The impressions, in their order, with the day of the lists that were the newest when they were shown.

    Lists of the impression's own day were made at its end, so only earlier ones count: the newest of them, also where
    it has none for this user.

    Args:
        impressions: Rows with `event_day`, any order.
        lists: Rows `as_of_day, user_id, rank, item_id`.

    Returns:
        The columns of `impressions` and `as_of_day`, null where no list was made earlier.
    """
    made = lists.select("as_of_day").unique().sort("as_of_day")
    days = impressions.select("event_day").unique().sort("event_day")
    newest = days.join_asof(made, left_on="event_day", right_on="as_of_day", allow_exact_matches=False)
    return impressions.join(newest, on="event_day", how="left", maintain_order="left")


def chosen_items(impressions: pl.DataFrame, lists: pl.DataFrame) -> pl.Series:
    """The item that the lists have at each impression's position, null for none.

    Args:
        impressions: Rows `event_day, user_id, position`, any order.
        lists: As in `with_list_day`, which says which of them counts.
    """
    places = impressions.select("event_day", "user_id", pl.col("position").cast(lists.schema["rank"]).alias("rank"))
    places = with_list_day(places, lists)
    return places.join(lists, on=["as_of_day", "user_id", "rank"], how="left", maintain_order="left")["item_id"]
