"""`index_tuning`: every way of searching an index that `sluice index tune` tried, the Pareto curve among them.

Grain: retriever, as-of day and point, in the order tried. Written by the command and by no asset; tuning again replaces
the rows of the retriever and day. Read by people, and by the page that the command writes.
"""

import datetime as dt
import json

import polars as pl

from assets.graph import Columns, polars_schema
from models.ann.effort import effort_of
from models.ann.tuning_points import Tuning
from models.ann.wording import own_settings
from resources.warehouse import Warehouse, insert

TABLE = "index_tuning"
COLUMNS: Columns = {
    "retriever": ("VARCHAR", "Whose vectors"),
    "as_of_day": ("DATE", "Their partition"),
    "point": ("INTEGER", "The how-manieth way that was tried, from 1"),
    "kind": ("VARCHAR", "flat, hnsw, hnsw_sq8, ivf_flat, ivf_sq8 or ivf_pq"),
    "settings": ("VARCHAR", "JSON: the keys of `index` in sluice.yaml that make this point"),
    "effort": ("BIGINT", "Candidates kept (graphs) or clusters visited (inverted files); null for exact search"),
    "k": ("BIGINT", "List length"),
    "n_queries": ("BIGINT", "Users' vectors that were searched with; the even ones chose, the odd ones confirmed"),
    "recall": ("DOUBLE", "Share of the exact k best that was found, of the queries that chose"),
    "held_out_recall": ("DOUBLE", "The same of the queries that confirmed"),
    "microseconds": ("DOUBLE", "Processor time of one query where many are searched at once, with one thread"),
    "build_seconds": ("DOUBLE", "Processor seconds of the build, with one thread"),
    "n_bytes": ("BIGINT", "Size of the index"),
    "min_recall": ("DOUBLE", "The recall that was asked for"),
    "is_on_front": ("BOOLEAN", "Nothing else within the budget of build and size finds as much in less time"),
    "is_chosen": ("BOOLEAN", "The fastest that keeps every limit"),
    "tuned_at": ("TIMESTAMP", "When, UTC"),
}


def tuning_rows(
    tuning: Tuning, retriever: str, day: dt.date, k: int, n_queries: int, min_recall: float, now: dt.datetime
) -> pl.DataFrame:
    """Rows of the table.

    Args:
        tuning: What was tried.
        retriever: Whose vectors.
        day: Their as-of day.
        k: List length.
        n_queries: Queries, both halves.
        min_recall: The recall that was asked for.
        now: When, UTC, without a time zone.
    """
    rows = [
        {
            "retriever": retriever,
            "as_of_day": day,
            "point": number,
            "kind": point.config.kind,
            "settings": json.dumps(own_settings(point.config)),
            "effort": effort_of(point.config, k),
            "k": k,
            "n_queries": n_queries,
            "min_recall": min_recall,
            "tuned_at": now,
            **{name: getattr(point, name) for name in ("recall", "held_out_recall", "microseconds", "build_seconds")},
            **{name: getattr(point, name) for name in ("n_bytes", "is_on_front", "is_chosen")},
        }
        for number, point in enumerate(tuning.points, 1)
    ]
    return pl.DataFrame(rows, schema=polars_schema(COLUMNS), orient="row")


def store_tuning(warehouse: Warehouse, rows: pl.DataFrame) -> None:
    """Put rows into the table, in place of those of the same retriever and day.

    Args:
        warehouse: The lake.
        rows: Of one retriever and day, at least one.
    """
    warehouse.ensure_table(TABLE, COLUMNS, "One way of searching one index that the tuner tried")

    def transaction(connection) -> None:
        where = f"DELETE FROM {TABLE} WHERE retriever = ? AND as_of_day = ?"
        connection.execute(where, [rows["retriever"][0], rows["as_of_day"][0]])
        insert(connection, TABLE, rows)

    warehouse.write(transaction)
