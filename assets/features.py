"""Point-in-time features for models: what was known of users and items at the end of a day."""

import datetime as dt

import polars as pl

from resources.as_of import define_macros
from resources.warehouse import Warehouse

PAIR_SQL = """
SELECT p.user_id, p.item_id, COLUMNS(u.* EXCLUDE (user_id)) AS 'user_\\0', COLUMNS(i.* EXCLUDE (item_id)) AS 'item_\\0',
    COLUMNS(c.* EXCLUDE (user_id, category)) AS 'category_\\0'
FROM _pairs AS p
    LEFT JOIN user_features_as_of($day) AS u ON u.user_id = p.user_id
    LEFT JOIN item_features_as_of($day) AS i ON i.item_id = p.item_id
    LEFT JOIN user_category_features_as_of($day) AS c ON c.user_id = p.user_id AND c.category = i.category
ORDER BY p.place
"""


def features_as_of(warehouse: Warehouse, pairs: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Features of users and items, and of users and the items' categories, from what days up to `day` tell.

    Args:
        warehouse: The warehouse.
        pairs: Rows `user_id, item_id`, any order, which is kept.
        day: The last day that may be seen.

    Returns:
        `pairs` with the columns of the macros of `resources.as_of`: `user_...`, `item_...` and `category_...`; null
        where nothing was known by then.
    """
    with warehouse.connect(read_only=True) as connection:
        define_macros(connection)
        connection.register("_pairs", pairs.select("user_id", "item_id").with_row_index("place").to_arrow())
        try:
            return connection.execute(PAIR_SQL, {"day": day}).pl()
        finally:
            connection.unregister("_pairs")
