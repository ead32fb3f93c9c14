"""What every asset factory is given, and the columns, kinds and metadata they share."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl

from models.events.schema import TEXT_MAP
from resources.settings import Project, Settings

OWNERS = ["team:data"]
EVENT_DAYS = dg.BackfillPolicy.single_run()
AS_OF_DAYS = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
WAREHOUSE_POOL = "warehouse"
PARTITION_ROWS, TABLE_ROWS = "dagster/partition_row_count", "dagster/row_count"

Columns = dict[str, tuple[str, str]]
"""Column name -> (DuckDB type, what it means)."""


POLARS: dict[str, Any] = {
    "BIGINT": pl.Int64,
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
    "DOUBLE": pl.Float64,
    "INTEGER": pl.Int32,
    "MAP(VARCHAR, VARCHAR)": TEXT_MAP,
    "TIMESTAMP": pl.Datetime("us"),
    "VARCHAR": pl.Utf8,
}
"""DuckDB type -> the Polars type that becomes it."""


def polars_schema(columns: Columns) -> pl.Schema:
    """The schema of a frame whose rows go into a table of these columns."""
    return pl.Schema({name: POLARS[kind] for name, (kind, _) in columns.items()})


@dataclass(frozen=True)
class Graph:
    """The project and its two daily axes.

    Attributes:
        project: The validated `sluice.yaml`.
        days: Event days, UTC (months, where the config says so): raw and cleaned tables; any range in one run.
        as_of_days: As-of days, UTC: everything learned; one run each.
    """

    project: Project
    days: dg.TimeWindowPartitionsDefinition
    as_of_days: dg.DailyPartitionsDefinition

    @property
    def settings(self) -> Settings:
        """The project's settings."""
        return self.project.settings

    def with_neighbours(self, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
        """Source days whose lines can lie in an event day that a load of `first..last` rewrites."""
        source = self.settings.events
        reach = dt.timedelta(days=source.late_days + source.early_days + 1 if source.day_pattern else 0)
        return first - reach, last + reach

    def as_of_asset(self, group: str, kinds: set[str], deps: list[Any]) -> dict[str, Any]:
        """Keyword arguments of `@dg.asset` shared by everything learned."""
        return {
            "group_name": group,
            "kinds": kinds,
            "deps": deps,
            "owners": OWNERS,
            "partitions_def": self.as_of_days,
            "backfill_policy": AS_OF_DAYS,
            "pool": WAREHOUSE_POOL,
        }


def event_range(context: Any) -> tuple[dt.date, dt.date]:
    """First and last event day of a run, inclusive."""
    return _days_of(context.partition_time_window)


def as_of(context: Any) -> dt.date:
    """The as-of day of a run."""
    return dt.date.fromisoformat(context.partition_key)


def _days_of(window: dg.TimeWindow) -> tuple[dt.date, dt.date]:
    return window.start.date(), (window.end - dt.timedelta(days=1)).date()


def checked_days(context: Any, graph: Graph) -> tuple[dt.date, dt.date]:
    """Event days a check looks at: the run's, or all up to today where it was started alone from the UI."""
    if context.has_partition_key_range or context.has_partition_key:
        return event_range(context)
    first, last = graph.days.get_partition_keys()[0], graph.days.get_partition_keys()[-1]
    return (
        _days_of(graph.days.time_window_for_partition_key(first))[0],
        _days_of(graph.days.time_window_for_partition_key(last))[1],
    )


def checked_day(context: Any, graph: Graph) -> dt.date:
    """As-of day a check looks at: the run's, or the newest materialised where it was started alone from the UI."""
    if context.has_partition_key:
        return as_of(context)
    done = context.instance.get_materialized_partitions(dg.AssetKey("recommendations"))
    return dt.date.fromisoformat(max(done) if done else graph.as_of_days.get_partition_keys()[-1])


def end_of(day: dt.date) -> int:
    """The first second after `day`, in seconds since the epoch, UTC."""
    return int(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC).timestamp())


def table_metadata(
    table: str, columns: Columns, frame: pl.DataFrame, snapshot: int | None = None, count: str = PARTITION_ROWS
) -> dict[str, Any]:
    """What the UI shows of a table: name, schema with descriptions, rows written, a preview, the snapshot.

    Args:
        table: Its name.
        columns: Its columns.
        frame: The rows written.
        snapshot: The DuckLake snapshot that holds them.
        count: What the number of rows is called: that of a partition or of the whole table.
    """
    schema = [dg.TableColumn(name, kind, description=meaning) for name, (kind, meaning) in columns.items()]
    metadata: dict[str, Any] = {
        "dagster/table_name": f"lake.main.{table}",
        "dagster/column_schema": dg.TableSchema(columns=schema),
        count: frame.height,
        "preview": dg.MetadataValue.md(preview(frame)),
    }
    if snapshot is not None:
        metadata["snapshot"] = snapshot
    return metadata


def preview(frame: pl.DataFrame, n_rows: int = 5) -> str:
    """The first rows as a Markdown table; long cells are cut, pipes and angle brackets escaped."""
    if frame.is_empty():
        return "_no rows_"

    def cell(value: Any) -> str:
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        text = text if len(text) <= 60 else text[:57] + "..."
        return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")

    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.width]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in frame.head(n_rows).iter_rows()]
    return "\n".join(lines)
