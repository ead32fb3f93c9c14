"""The nightly rebuild: yesterday's files into tables, reopening the days late lines can reach; and weekly upkeep."""

import datetime as dt

import dagster as dg

from assets.graph import Graph
from pipelines.jobs import MAINTENANCE_JOB, TABLES_JOB
from pipelines.partitions import key_of

NIGHTLY_TAG = "sluice/nightly"


def nightly_schedule(graph: Graph) -> dg.ScheduleDefinition:
    """At `schedule.cron` (UTC), the `tables` job for the previous day; `learning` follows by sensor."""
    start, end = graph.settings.partitions.start, graph.settings.partitions.end

    @dg.schedule(
        name="nightly",
        job_name=TABLES_JOB,
        cron_schedule=graph.settings.schedule.cron,
        execution_timezone="UTC",
        description="The previous day: events and tables; profiles, models and release follow when they succeeded",
    )
    def nightly(context: dg.ScheduleEvaluationContext):
        day = context.scheduled_execution_time.date() - dt.timedelta(days=1)
        if day < start or (end and day > end):
            return dg.SkipReason(f"{day} lies outside the partitions {start} to {end}")
        tags = {NIGHTLY_TAG: day.isoformat()}
        return dg.RunRequest(run_key=f"nightly-{day}", partition_key=key_of(graph.days, day), tags=tags)

    return nightly


def maintenance_schedule(graph: Graph) -> dg.ScheduleDefinition:
    """At `maintenance.cron` (UTC), the upkeep of lake and artifacts."""
    return dg.ScheduleDefinition(
        name="weekly_maintenance",
        job_name=MAINTENANCE_JOB,
        cron_schedule=graph.settings.maintenance.cron,
        execution_timezone="UTC",
        description="Old snapshots expire, small files are merged, what nothing names is removed",
    )
