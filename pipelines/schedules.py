"""The nightly rebuild: yesterday's files into tables, reopening the days late lines can reach."""

import datetime as dt

import dagster as dg

from assets.graph import Graph
from pipelines.jobs import TABLES_JOB
from pipelines.partitions import key_of

NIGHTLY_TAG = "sluice/nightly"


def build_schedule(graph: Graph) -> dg.ScheduleDefinition:
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
