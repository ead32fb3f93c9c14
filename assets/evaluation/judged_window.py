"""What the report shows of the judged window beyond metrics: the way of taken items, scores against what was taken."""

import datetime as dt
from typing import Any

import polars as pl

from assets.evaluation.scoring import read_window
from models.evaluation.take_rates import order_within_lists, take_rates
from models.evaluation.taken_funnel import taken_funnel
from resources.warehouse import Warehouse

SCORED_SQL = "SELECT user_id, rank, item_id, score FROM recommendations WHERE as_of_day = ? AND rank <= ?"

SERVED_SQL = """SELECT source, user_id, count(*) AS n_candidates FROM candidates WHERE as_of_day = ?
    GROUP BY source, user_id"""

OFFERED_SQL = """SELECT source, user_id, item_id FROM candidates SEMI JOIN _taken USING (user_id, item_id)
    WHERE as_of_day = ?"""


def judged_window(warehouse: Warehouse, target: dt.date, through: dt.date, k: int) -> dict[str, Any]:
    """Fields of `EvaluationReport` about the final lists of one day and what was taken since.

    Args:
        warehouse: The lake.
        target: The as-of day of the lists.
        through: The last day whose interactions count.
        k: The list length that counts.
    """
    window = read_window(warehouse, target, through)
    relevant = window.truth.relevant
    lists = warehouse.read(SCORED_SQL, [target, k])
    served = warehouse.read(SERVED_SQL, [target])
    offered = taken_candidates(warehouse, target, relevant)
    return {
        "take_rates": take_rates(lists, relevant),
        "list_order": order_within_lists(lists, relevant),
        "taken_funnel": taken_funnel(relevant, window.catalogue, served, offered, lists, k),
    }


def taken_candidates(warehouse: Warehouse, target: dt.date, taken: pl.DataFrame) -> pl.DataFrame:
    """Rows `source, user_id, item_id` of the candidates that were taken: few, where the candidates are many."""
    with warehouse.connect(read_only=True) as connection:
        connection.register("_taken", taken.to_arrow())
        try:
            return connection.execute(OFFERED_SQL, [target]).pl()
        finally:
            connection.unregister("_taken")
