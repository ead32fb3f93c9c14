"""What was known at the end of a day, in SQL: the items as they were, and features of users, items and both.

The macros are made anew in a connection's own temporary schema, so they belong to no table's history; all of them read
daily tables, and none reads a row of a day after theirs. `as_of_day` is a DATE.
"""

from contextlib import suppress

import duckdb

HALF_LIFE_DAYS = 14
"""An interaction this many days old counts half in a decayed sum."""

HABIT_DAYS = 84
"""Twelve weeks, so that every weekday counts as often: over how many days habits are counted."""


def items_as_of(day: str) -> str:
    """The version of every item that was known at the end of `day`, an SQL expression: where items are cut in time."""
    return f"""SELECT * EXCLUDE (valid_to, is_current, origin, source_file, source_line)
        FROM core_item_versions WHERE valid_from <= {day} AND (valid_to IS NULL OR valid_to > {day})"""


def _aged(table: str) -> str:
    """Rows of a daily table up to the day, with their age in days: 0 on the day itself."""
    return f"SELECT *, as_of_day - event_day AS age FROM {table} WHERE event_day <= as_of_day"


def _decayed(column: str) -> str:
    """A sum in which age halves; of decimals, so that the order of the rows cannot matter."""
    return f"coalesce(sum(cast({column} * 0.5 ** (age / {HALF_LIFE_DAYS}) AS DECIMAL(28, 9))), 0)::DOUBLE"


ACTIVITY = f"""
    coalesce(sum(n_interactions) FILTER (age < 7), 0)::BIGINT AS n_interactions_7d,
    coalesce(sum(n_interactions) FILTER (age < 28), 0)::BIGINT AS n_interactions_28d,
    sum(n_interactions)::BIGINT AS n_interactions,
    {_decayed("n_interactions")} AS decayed_interactions,
    min(age) FILTER (n_interactions > 0) AS recency_days,
    max(age) AS tenure_days,
    log2(
        (coalesce(sum(n_interactions) FILTER (age < 7), 0) + 1)
        / (coalesce(sum(n_interactions) FILTER (age BETWEEN 7 AND 34), 0) / 4 + 1)
    ) AS trend
"""

MACROS = {
    "items_as_of": items_as_of("as_of_day"),
    "user_features_as_of": f"""
        WITH activity AS (SELECT user_id, {ACTIVITY} FROM ({_aged("feat_user_daily")}) GROUP BY user_id),
        hours AS (
            SELECT user_id, hour_of_day, sum(n_events) AS n_events,
                sum(n_events) FILTER (isodow(event_day) >= 6) AS n_at_weekends
            FROM ({_aged("feat_user_hour_daily")}) WHERE age < {HABIT_DAYS} GROUP BY user_id, hour_of_day
        ),
        habits AS (
            SELECT user_id, first(hour_of_day ORDER BY n_events DESC, hour_of_day) AS usual_hour,
                max(n_events) / sum(n_events) AS usual_hour_share,
                coalesce(sum(n_at_weekends), 0) / sum(n_events) AS weekend_share
            FROM hours GROUP BY user_id
        )
        SELECT * FROM activity LEFT JOIN habits USING (user_id)""",
    "item_features_as_of": f"""
        WITH activity AS (SELECT item_id, {ACTIVITY} FROM ({_aged("feat_item_daily")}) GROUP BY item_id),
        known AS (SELECT item_id, category, price, is_available FROM ({items_as_of("as_of_day")})),
        places AS (
            SELECT item_id, rank() OVER dearer AS place, count(*) OVER (PARTITION BY category, price) AS n_equal,
                count(*) OVER (PARTITION BY category) AS n_priced
            FROM known WHERE price > 0 AND isfinite(price) AND category IS NOT NULL
            WINDOW dearer AS (PARTITION BY category ORDER BY price)
        )
        SELECT known.*, (place - 1 + n_equal / 2) / n_priced AS price_position, activity.* EXCLUDE (item_id)
        FROM known LEFT JOIN places USING (item_id) LEFT JOIN activity USING (item_id)""",
    "user_category_features_as_of": f"""
        SELECT *, decayed_weight / sum(decayed_weight::DECIMAL(28, 9)) OVER (PARTITION BY user_id)::DOUBLE AS share
        FROM (
            SELECT user_id, category,
                coalesce(sum(n_items) FILTER (age < 28), 0)::BIGINT AS n_items_28d,
                sum(n_items)::BIGINT AS n_items,
                {_decayed("weight")} AS decayed_weight,
                min(age) AS recency_days
            FROM ({_aged("feat_user_category_daily")}) GROUP BY user_id, category
        )""",
}
"""Name -> query over `as_of_day`, of which nothing is read."""


def define_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros in a connection; one whose tables are not there yet, as in an old snapshot, is left out."""
    for name, query in MACROS.items():
        with suppress(duckdb.CatalogException, duckdb.BinderException):
            connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}(as_of_day) AS TABLE {query}")
