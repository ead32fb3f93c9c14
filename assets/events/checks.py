"""Checks of the raw tables; those that block keep a bad day out of the cleaned tables."""

import datetime as dt

import dagster as dg
import polars as pl

from assets.display import interval_text, rounded
from assets.events.event_faults import FAULTS, fault_days
from assets.graph import Graph, checked_days, preview
from assets.quality.suite_metadata import data_docs_file, suite_metadata
from models.events.schema import RAW_EVENTS
from models.events.source import EventSource
from models.quality.run import run_suite
from models.quality.suites import raw_event_columns_suite, raw_events_suite
from resources.warehouse import Warehouse

LINES_SQL = """
WITH accepted AS (SELECT source_file, source_day, count(*) AS n FROM raw_events
        WHERE source_day BETWEEN $first AND $last GROUP BY ALL),
    rejected AS (SELECT source_file, source_day, count(*) AS n FROM rejected_events
        WHERE source_day BETWEEN $first AND $last GROUP BY ALL)
SELECT f.source_file, f.source_day, f.n_lines, coalesce(f.n_further, 0) AS n_further,
    coalesce(a.n, 0) AS accepted, coalesce(r.n, 0) AS rejected
FROM source_files AS f LEFT JOIN accepted AS a USING (source_file, source_day)
    LEFT JOIN rejected AS r USING (source_file, source_day)
WHERE f.source_day BETWEEN $first AND $last ORDER BY f.source_day, f.source_file
"""

VOLUME_SQL = """
WITH days AS (SELECT source_day, sum(n_accepted)::BIGINT AS n FROM source_files
        WHERE source_day BETWEEN $first - INTERVAL 28 DAY AND $last GROUP BY source_day),
    compared AS (SELECT d.source_day, d.n, median(t.n) AS usual, count(t.n) AS n_days
        FROM days AS d LEFT JOIN days AS t
            ON t.source_day < d.source_day AND t.source_day >= d.source_day - INTERVAL 28 DAY AND t.n > 0
        WHERE d.source_day BETWEEN $first AND $last AND d.n > 0 GROUP BY d.source_day, d.n)
SELECT source_day, n, usual FROM compared WHERE n_days >= 7 ORDER BY source_day
"""

MIN_USER_SHARE = 0.2
COLUMNS_SQL = "SELECT * FROM raw_events WHERE source_day BETWEEN $first AND $last LIMIT 1000"


def build(graph: Graph) -> list[dg.AssetChecksDefinition]:
    """Every check of the group `events`."""
    return [
        _lines_add_up(graph),
        _rejected_share(graph),
        _columns(graph),
        _suite(graph),
        _volume(graph),
        _no_empty_day(graph),
    ]


def audited_days(context: dg.AssetCheckExecutionContext, graph: Graph) -> tuple[dt.date, dt.date]:
    """The checked days with their neighbours, which dbt reads too: a bad day may not come in with the next one."""
    return graph.with_neighbours(*checked_days(context, graph))


def _rows(warehouse: Warehouse, sql: str, days: tuple[dt.date, dt.date]) -> pl.DataFrame:
    with warehouse.connect(read_only=True) as connection:
        return connection.execute(sql, {"first": days[0], "last": days[1]}).pl()


def _lines_add_up(graph: Graph) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="raw_events",
        name="accepted_and_rejected_are_all_lines",
        blocking=True,
        additional_deps=["rejected_events", "source_files"],
        description="For every file and day, raw_events and rejected_events together hold every line read and "
        "every further entry of a line that holds several events.",
    )
    def accepted_and_rejected_are_all_lines(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        rows = _rows(warehouse, LINES_SQL, audited_days(context, graph))
        wrong = rows.filter(pl.col("accepted") + pl.col("rejected") != pl.col("n_lines") + pl.col("n_further"))
        return dg.AssetCheckResult(
            passed=wrong.is_empty(),
            metadata={
                "lines": int(rows["n_lines"].sum()),
                "further_entries": int(rows["n_further"].sum()),
                "accepted": int(rows["accepted"].sum()),
                "rejected": int(rows["rejected"].sum()),
                "files_that_differ": dg.MetadataValue.md(preview(wrong, 10)),
                "remedy": "Materialise raw_events for these days again; if it stays, the reader has a defect.",
            },
        )

    return accepted_and_rejected_are_all_lines


def _rejected_share(graph: Graph) -> dg.AssetChecksDefinition:
    limit = graph.settings.checks.max_rejected_share

    @dg.asset_check(
        asset="rejected_events",
        name="rejected_share_is_small",
        blocking=True,
        additional_deps=["source_files"],
        description=f"On no day more than {limit:.0%} of the lines were rejected (checks.max_rejected_share).",
    )
    def rejected_share_is_small(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        rows = (
            _rows(warehouse, LINES_SQL, audited_days(context, graph))
            .group_by("source_day")
            .agg((pl.col("n_lines") + pl.col("n_further")).sum().alias("n_records"), pl.col("rejected").sum())
        )
        share = rows.with_columns((pl.col("rejected") / pl.col("n_records")).fill_nan(0).alias("share")).sort("share")
        over = share.filter(pl.col("share") > limit)
        return dg.AssetCheckResult(
            passed=over.is_empty(),
            metadata={
                "limits": {"max_rejected_share": limit},
                "largest_share": rounded(share["share"].to_numpy().max(initial=0)),
                "days_over_the_limit": dg.MetadataValue.md(preview(over.sort("source_day"), 10)),
                "remedy": "Count rejected_events by reason, then mend the source or its mapping.",
            },
        )

    return rejected_share_is_small


def _columns(graph: Graph) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="raw_events",
        name="raw_events_have_their_columns",
        blocking=True,
        description="Great Expectations: the columns of the table and their types, no more and no fewer.",
    )
    def raw_events_have_their_columns(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        first, last = audited_days(context, graph)
        result = run_suite(_rows(warehouse, COLUMNS_SQL, (first, last)), raw_event_columns_suite(RAW_EVENTS))
        page = data_docs_file(graph, result.name, f"{first} to {last}")
        return dg.AssetCheckResult(passed=result.success, metadata=suite_metadata(result, page))

    return raw_events_have_their_columns


def names_users(source: EventSource) -> bool:
    """Whether a source says whose events they are: logs of what a policy showed often do not."""
    flat = source.flat()
    return "user_id" in {*flat.columns, *flat.constants}


def _suite(graph: Graph) -> dg.AssetChecksDefinition:
    least_user_share = MIN_USER_SHARE if names_users(graph.settings.events) else None
    types = sorted(graph.settings.event_types)
    types += sorted(set(graph.settings.cleaning.return_event_types) - set(types))

    @dg.asset_check(
        asset="raw_events",
        name="raw_events_keep_their_suite",
        blocking=True,
        description="Great Expectations on counts per day: ids, times within the day, known event types, sane numbers.",
    )
    def raw_events_keep_their_suite(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        first, last = audited_days(context, graph)
        days = fault_days(warehouse, first, last, types)
        if days.is_empty():
            return dg.AssetCheckResult(passed=True, metadata={"note": "No event in these days."})
        meanings = {name: meaning for name, (_, meaning) in FAULTS.items()}
        result = run_suite(days, raw_events_suite(meanings, least_user_share))
        page = data_docs_file(graph, result.name, f"{first} to {last}")
        return dg.AssetCheckResult(passed=result.success, metadata=suite_metadata(result, page))

    return raw_events_keep_their_suite


def _volume(graph: Graph) -> dg.AssetChecksDefinition:
    bounds = graph.settings.checks.volume_ratio

    @dg.asset_check(
        asset="raw_events",
        name="volume_is_like_the_trailing_weeks",
        blocking=True,
        additional_deps=["source_files"],
        description="Events of each day that has any, over the median of the 28 days before (checks.volume_ratio).",
    )
    def volume_is_like_the_trailing_weeks(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        if bounds is None:
            return dg.AssetCheckResult(passed=True, metadata={"note": "Turned off: checks.volume_ratio is null."})
        rows = _rows(warehouse, VOLUME_SQL, audited_days(context, graph)).with_columns(
            (pl.col("n") / pl.col("usual")).alias("ratio")
        )
        odd = rows.filter(~pl.col("ratio").is_between(*bounds))
        return dg.AssetCheckResult(
            passed=odd.is_empty(),
            metadata={
                "limits": {"volume_ratio": list(bounds)},
                "allowed": interval_text(*bounds),
                "days_compared": rows.height,
                "odd_days": dg.MetadataValue.md(preview(odd, 20)),
                "remedy": "See whether the day's file is complete; if the day is right, widen checks.volume_ratio.",
            },
        )

    return volume_is_like_the_trailing_weeks


def _no_empty_day(graph: Graph) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="raw_events",
        name="no_day_is_empty",
        additional_deps=["source_files"],
        description="Every day has a file with at least one event; a day without one is a warning, not an error.",
    )
    def no_day_is_empty(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        first, last = checked_days(context, graph)
        rows = _rows(warehouse, LINES_SQL, (first, last)).filter(pl.col("accepted") > 0)
        days = set(rows["source_day"].to_list())
        empty = [str(day) for day in pl.date_range(first, last, eager=True).to_list() if day not in days]
        return dg.AssetCheckResult(
            passed=not empty,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"n_empty_days": len(empty), "empty_days": dg.MetadataValue.json(empty[:60])},
        )

    return no_day_is_empty
