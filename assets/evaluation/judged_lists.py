"""What the tables of judgements have in common: the newest lists whose test days are complete, judged once a day."""

import datetime as dt

import polars as pl

from assets.graph import Columns
from resources.warehouse import Warehouse

DAYS: Columns = {
    "partition_day": ("DATE", "Partition: the day at whose end the lists were judged"),
    "as_of_day": ("DATE", "The lists were made from what was known at the end of this day"),
}
DIFFERENCE_COLUMNS: Columns = {
    "value": ("DOUBLE", "Mean over users"),
    "value_against": ("DOUBLE", "What it is compared with"),
    "difference": ("DOUBLE", "value - value_against"),
    "ci_low": ("DOUBLE", "Lower end of the difference's 95 % interval"),
    "ci_high": ("DOUBLE", "Upper end"),
    "p_value": ("DOUBLE", "Two-sided"),
}


def store(
    warehouse: Warehouse,
    table: tuple[str, Columns, str],
    rows: pl.DataFrame,
    day: dt.date,
    target: dt.date | None,
) -> tuple[pl.DataFrame, int]:
    """Put the judgements of one day into their table.

    Args:
        warehouse: The lake.
        table: Its name, columns and description.
        rows: The judgements.
        day: The partition.
        target: The as-of day of the lists; `None` where there are none yet.

    Returns:
        The rows as stored, and the snapshot that holds them.
    """
    name, columns, description = table
    days = {"partition_day": pl.lit(day), "as_of_day": pl.lit(target, dtype=pl.Date)}
    frame = rows.with_columns(**days).select(list(columns))
    warehouse.ensure_table(name, columns, description)
    return frame, warehouse.replace_days(name, "partition_day", day, day, frame)
