"""Reading tables as they could be known at the end of an as-of day. Learned assets read cleaned tables only here.

What was bought and given back in full by that day counts as not bought, for whatever is learned and for the truth that
lists are scored on; it still counts as seen (`taken_back_until`).
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from resources.as_of import items_as_of
from resources.warehouse import Warehouse

UNDONE_SQL = """(
    SELECT * FROM core_undone_interactions WHERE undone_on <= $day
    QUALIFY row_number() OVER (PARTITION BY user_id, item_id, event_day ORDER BY undone_on DESC) = 1
)"""
"""What returns up to `$day` left of interactions: the newest row of each; without an id nothing is left."""

NET_SQL = f"""(
    SELECT * FROM core_interactions ANTI JOIN {UNDONE_SQL} USING (user_id, item_id, event_day)
    UNION ALL BY NAME
    SELECT * EXCLUDE (undone_on) FROM {UNDONE_SQL} WHERE event_id IS NOT NULL
)"""
"""core_interactions of all days as the returns up to `$day` left them."""

ITEMS_AS_OF = items_as_of("$day")
"""The version of every item that was known at the end of `$day`."""

FIRST_SEEN = "SELECT item_id, min(valid_from) AS first_seen_on FROM core_item_versions GROUP BY item_id"
"""Since when each item may be known, whatever day it is asked on."""

USERS_SQL = """SELECT user_id, count(*) AS n_interactions FROM core_interactions WHERE event_day <= $day
    GROUP BY user_id ORDER BY user_id"""

UserRange = tuple[str, str]
"""The first and the last of some users' ids."""


def interactions_until(warehouse: Warehouse, day: dt.date, users: UserRange | None = None) -> pl.DataFrame:
    """Interactions with `event_day <= day` whose item was known by then, in (event_at, event_id) order.

    The columns are those of core_interactions; `users` leaves out all others.
    """
    first, last = users or (None, None)
    some = "AND i.user_id BETWEEN $first AND $last" if users else ""
    sql = f"""SELECT i.* FROM {NET_SQL} AS i SEMI JOIN ({ITEMS_AS_OF}) AS known USING (item_id)
        WHERE i.event_day <= $day {some} ORDER BY i.event_at, i.event_id, i.user_id, i.item_id"""
    return warehouse.read(sql, {"day": day} | ({"first": first, "last": last} if users else {}))


def user_ranges(warehouse: Warehouse, day: dt.date, n_interactions: int) -> list[UserRange]:
    """All users with interactions up to a day, in ranges of ids that hold about as many interactions each.

    Args:
        warehouse: The lake.
        day: Last day that counts.
        n_interactions: A range ends with the user with whom it reaches so many.

    Returns:
        First and last id of each range, both in it, in order.
    """
    users = warehouse.read(USERS_SQL, {"day": day})
    before = pl.col("n_interactions").cum_sum() - pl.col("n_interactions")
    ranges = users.group_by(before // n_interactions, maintain_order=True)
    return ranges.agg(pl.col("user_id").first().alias("first"), pl.col("user_id").last().alias("last"))[:, 1:].rows()


def interactions_by_users(warehouse: Warehouse, day: dt.date, n_interactions: int) -> Iterator[pl.DataFrame]:
    """Rows of `interactions_until`, of some consecutive users at a time, see `user_ranges`.

    Yields:
        The rows of each range; no row, once, where there are no users.
    """
    ranges: Sequence[UserRange | None] = user_ranges(warehouse, day, n_interactions)
    for users in ranges or [None]:
        yield interactions_until(warehouse, day, users)


def interactions_between(warehouse: Warehouse, after: dt.date, until: dt.date) -> pl.DataFrame:
    """Interactions with `after < event_day <= until`, as known at the end of `until`: the truth lists are scored on."""
    sql = f"""SELECT * FROM {NET_SQL} AS i WHERE event_day > $after AND event_day <= $day
        ORDER BY event_at, event_id, user_id, item_id"""
    return warehouse.read(sql, {"after": after, "day": until})


def taken_back_until(warehouse: Warehouse, day: dt.date) -> pl.DataFrame:
    """Rows `user_id, item_id, event_at` of interactions up to `day` of which returns up to `day` left nothing."""
    sql = f"""SELECT user_id, item_id, i.event_at
        FROM core_interactions AS i JOIN {UNDONE_SQL} AS u USING (user_id, item_id, event_day)
        WHERE i.event_day <= $day AND u.event_id IS NULL ORDER BY ALL"""
    return warehouse.read(sql, {"day": day})


def given_back_until(warehouse: Warehouse, day: dt.date) -> pl.DataFrame:
    """Interactions up to `day`, with items known by then, that returns up to `day` undid or left less of.

    The columns are those of core_interactions, as they were, and `undone_on`.
    """
    sql = f"""SELECT i.*, u.undone_on
        FROM core_interactions AS i JOIN {UNDONE_SQL} AS u USING (user_id, item_id, event_day)
        SEMI JOIN ({ITEMS_AS_OF}) AS known USING (item_id)
        WHERE i.event_day <= $day AND (u.event_id IS NULL OR u.weight < i.weight)
        ORDER BY i.event_at, i.event_id, i.user_id, i.item_id"""
    return warehouse.read(sql, {"day": day})


def items_known(warehouse: Warehouse, day: dt.date) -> pl.DataFrame:
    """The items known at the end of `day`, as they were then, by item_id: columns of core_items, and `is_available`.

    A price, title or withdrawal of a later day is not among them.
    """
    sql = f"""SELECT known.* EXCLUDE (valid_from), first_seen_on
        FROM ({ITEMS_AS_OF}) AS known JOIN ({FIRST_SEEN}) AS seen USING (item_id) ORDER BY item_id"""
    return warehouse.read(sql, {"day": day})


def daily_features_until(warehouse: Warehouse, table: str, day: dt.date) -> pl.DataFrame:
    """Rows of feat_user_daily or feat_item_daily with `event_day <= day`."""
    if table not in ("feat_user_daily", "feat_item_daily"):
        raise ValueError(f"{table} is no daily feature table")
    return warehouse.read(f"SELECT * FROM {table} WHERE event_day <= ? ORDER BY ALL", [day])


def available(items: pl.DataFrame) -> pl.Series:
    """Whether each row of `items_known` can be recommended: neither withdrawn nor sold out at the end of that day."""
    return items["is_available"]
