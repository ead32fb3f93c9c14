"""Reading tables as they could be known at the end of an as-of day. Learned assets read cleaned tables only here."""

import datetime as dt

import polars as pl

from resources.warehouse import Warehouse


def interactions_until(warehouse: Warehouse, day: dt.date) -> pl.DataFrame:
    """Rows of core_interactions with `event_day <= day` whose item was known by then, in (event_at, event_id) order."""
    sql = """SELECT i.* FROM core_interactions AS i JOIN core_items AS c USING (item_id)
        WHERE i.event_day <= ? AND c.first_seen_on <= ? ORDER BY i.event_at, i.event_id, i.user_id, i.item_id"""
    return warehouse.read(sql, [day, day])


def interactions_between(warehouse: Warehouse, after: dt.date, until: dt.date) -> pl.DataFrame:
    """Rows of core_interactions with `after < event_day <= until`: the truth on which lists are scored."""
    sql = """SELECT * FROM core_interactions WHERE event_day > ? AND event_day <= ?
        ORDER BY event_at, event_id, user_id, item_id"""
    return warehouse.read(sql, [after, until])


def items_known(warehouse: Warehouse, day: dt.date) -> pl.DataFrame:
    """Rows of core_items known at the end of `day`, by item_id; a withdrawal after that day is blanked out."""
    sql = """SELECT * REPLACE (CASE WHEN withdrawn_at < CAST(? AS DATE) + 1 THEN withdrawn_at END AS withdrawn_at)
        FROM core_items WHERE first_seen_on <= ? ORDER BY item_id"""
    return warehouse.read(sql, [day, day])


def daily_features_until(warehouse: Warehouse, table: str, day: dt.date) -> pl.DataFrame:
    """Rows of feat_user_daily or feat_item_daily with `event_day <= day`."""
    if table not in ("feat_user_daily", "feat_item_daily"):
        raise ValueError(f"{table} is no daily feature table")
    return warehouse.read(f"SELECT * FROM {table} WHERE event_day <= ? ORDER BY ALL", [day])


def available(items: pl.DataFrame) -> pl.Series:
    """Whether each row of `items_known` can be recommended: not withdrawn by that day."""
    return items["withdrawn_at"].is_null()
