"""What the report shows of the judged window beyond metrics: scores against what was taken."""

import datetime as dt
from typing import Any

from assets.evaluation.scoring import read_window
from models.evaluation.take_rates import order_within_lists, take_rates
from resources.warehouse import Warehouse

SCORED_SQL = "SELECT user_id, rank, item_id, score FROM recommendations WHERE as_of_day = ? AND rank <= ?"


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
    return {"take_rates": take_rates(lists, relevant), "list_order": order_within_lists(lists, relevant)}
