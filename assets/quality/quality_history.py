"""`quality_history`: every result of every check of every run, whatever made it.

Grain: one evaluation of one check in one run (`expectation_number` 0), and one row more for each of its expectations.
Written from Dagster's event log, where checks of our own, dbt's tests and suites of Great Expectations all end: before
a release, at the end of each run of `sluice build`, and by a sensor for the runs of the UI. Recording a run again
changes nothing. Read by people.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from assets.graph import Columns, polars_schema
from assets.quality.evaluation_rows import rows_of
from resources.warehouse import Warehouse, insert

COLUMNS: Columns = {
    "run_id": ("VARCHAR", "Dagster's run"),
    "evaluation_number": ("INTEGER", "Which evaluation of the run, from 1, in the order they were made"),
    "expectation_number": ("INTEGER", "0: the check as a whole; from 1: one of its expectations"),
    "checked_at": ("TIMESTAMP", "When, UTC"),
    "asset": ("VARCHAR", "What was checked"),
    "check_name": ("VARCHAR", "The check"),
    "kind": ("VARCHAR", "python, dbt or great_expectations"),
    "expectation": ("VARCHAR", "The expectation's type; empty for the check as a whole"),
    "column_name": ("VARCHAR", "The column an expectation is about; empty: the whole table"),
    "meaning": ("VARCHAR", "What an expectation asserts, in words"),
    "first_day": ("DATE", "First day of the run's partitions; empty: the check ran on its own, over every day"),
    "last_day": ("DATE", "Last day of the run's partitions"),
    "passed": ("BOOLEAN", "Whether it held"),
    "severity": ("VARCHAR", "error or warn: what a failure is"),
    "blocking": ("BOOLEAN", "Whether a failure with severity error stops what follows"),
    "measured": ("VARCHAR", "JSON: the values that were found"),
    "limits": ("VARCHAR", "JSON: what they were held against, where the check says so"),
}
DESCRIPTION = "One result of one check in one run, or of one of its expectations"
TABLE = "quality_history"

PARTITION_TAG = "dagster/partition"
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
PAGE = 1_000
MOST_RUNS = 200

AxisOf = Callable[[dg.AssetKey], dg.PartitionsDefinition | None]
"""An asset's partitions."""


def record_run(instance: dg.DagsterInstance, warehouse: Warehouse, run: dg.DagsterRun, axis_of: AxisOf) -> int:
    """Bring a run's rows up to date; returns how many it has.

    Reading 150 results and writing them takes 0.1 s. A run whose results are all there is left alone.

    Args:
        instance: Where Dagster has recorded the results.
        warehouse: The lake.
        run: The run; it may still be going on.
        axis_of: Partitions of an asset, which say what a partition's key means.
    """
    frame = _frame(instance, run, axis_of)
    if frame.is_empty() or _recorded(warehouse, run.run_id) == frame.height:
        return frame.height
    warehouse.ensure_table(TABLE, COLUMNS, DESCRIPTION)

    def transaction(connection) -> None:
        connection.execute(f"DELETE FROM {TABLE} WHERE run_id = ?", [run.run_id])
        insert(connection, TABLE, frame)

    warehouse.write(transaction)
    return frame.height


def record_missing(instance: dg.DagsterInstance, warehouse: Warehouse, axis_of: AxisOf) -> int:
    """Record the newest finished runs that are not there: of the UI, or cut short; returns how many had results."""
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=FINISHED), limit=MOST_RUNS)
    known: set[str] = set()
    if warehouse.has_table(TABLE):
        known = set(warehouse.read(f"SELECT DISTINCT run_id FROM {TABLE}")["run_id"])
    missing = [run for run in reversed(runs) if run.run_id not in known]
    return sum(record_run(instance, warehouse, run, axis_of) > 0 for run in missing)


def axes_of(graph: Any) -> AxisOf:
    """The partitions of the assets of an asset graph (Dagster gives its class no public name)."""
    return lambda key: graph.get(key).partitions_def if graph.has(key) else None


def days_of(tags: Mapping[str, str], axis: dg.PartitionsDefinition | None) -> tuple[dt.date, dt.date] | None:
    """First and last day that a run's tags name on an axis; `None` where they name none."""
    one = tags.get(PARTITION_TAG)
    keys = [tags.get(tag, one) for tag in RANGE_TAGS]
    if None in keys or not isinstance(axis, dg.TimeWindowPartitionsDefinition):
        return None
    first, last = (axis.time_window_for_partition_key(str(key)) for key in keys)
    return first.start.date(), (last.end - dt.timedelta(days=1)).date()


def _recorded(warehouse: Warehouse, run_id: str) -> int:
    if not warehouse.has_table(TABLE):
        return 0
    return int(warehouse.read(f"SELECT count(*) AS n FROM {TABLE} WHERE run_id = ?", [run_id])["n"][0])


def _frame(instance: dg.DagsterInstance, run: dg.DagsterRun, axis_of: AxisOf) -> pl.DataFrame:
    """The run's rows, with the columns of the table."""
    rows: list[dict[str, Any]] = []
    for number, (seconds, evaluation) in enumerate(_evaluations(instance, run.run_id), start=1):
        days = days_of(run.tags, axis_of(evaluation.asset_key)) or (None, None)
        shared = {
            "run_id": run.run_id,
            "evaluation_number": number,
            "checked_at": dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None),
            "first_day": days[0],
            "last_day": days[1],
        }
        rows += [{**shared, **row} for row in rows_of(evaluation)]
    return pl.DataFrame(rows, polars_schema(COLUMNS), orient="row")


def _evaluations(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[float, dg.AssetCheckEvaluation]]:
    """Second of the epoch and evaluation of every check of a run, in order."""
    cursor, more = None, True
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    while more:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=kind, limit=PAGE)
        for record in page.records:
            event = record.event_log_entry.dagster_event
            found = event.event_specific_data if event else None
            if isinstance(found, dg.AssetCheckEvaluation):
                yield record.event_log_entry.timestamp, found
        cursor, more = page.cursor, page.has_more
