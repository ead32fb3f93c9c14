"""When the nightly tables have passed their checks, learn from them; when a run has ended, keep what checks found."""

import dagster as dg

from assets.quality.quality_history import FINISHED, axes_of, record_missing
from pipelines.jobs import LEARNING_JOB
from pipelines.schedules import NIGHTLY_TAG
from resources.warehouse import Warehouse

HISTORY_SECONDS = 60


def build_sensor(tables: dg.JobDefinition, learning: dg.JobDefinition) -> dg.SensorDefinition:
    """A run-status sensor: a nightly `tables` run that succeeded starts `learning` for the same day.

    Runs that failed a blocking check do not succeed, so bad data starts nothing.
    """

    @dg.run_status_sensor(
        name="learn_after_nightly_tables",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[tables],
        request_job=learning,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"After a nightly `tables` run, `{LEARNING_JOB}` for the same day",
    )
    def learn_after_nightly_tables(context: dg.RunStatusSensorContext):
        day = context.dagster_run.tags.get(NIGHTLY_TAG)
        if day is None:
            return dg.SkipReason("not a nightly run")
        # One per run of the tables: a day that is materialised again is learned from again.
        return dg.RunRequest(run_key=f"learning-{day}-{context.dagster_run.run_id}", partition_key=day)

    return learn_after_nightly_tables


def history_sensor(warehouse: Warehouse) -> dg.SensorDefinition:
    """Once a minute: the check results of runs that have ended, however they ended, into `quality_history`.

    `sluice build` records its own runs; those that are started from the UI or by a schedule end elsewhere.
    """

    @dg.sensor(
        name="record_quality_history",
        minimum_interval_seconds=HISTORY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After a run of the UI or of a schedule, its check results into the table quality_history",
    )
    def record_quality_history(context: dg.SensorEvaluationContext):
        newest = newest_end(context.instance)
        if newest is None or newest == context.cursor:
            return dg.SkipReason("no run has ended since")
        definition = context.repository_def
        assert definition is not None
        n_runs = record_missing(context.instance, warehouse, axes_of(definition.asset_graph))
        context.update_cursor(newest)
        return dg.SkipReason(f"recorded {n_runs} run(s)")

    return record_quality_history


def newest_end(instance: dg.DagsterInstance) -> str | None:
    """A text that changes whenever a run ends; `None` where none has."""
    records = instance.get_run_records(dg.RunsFilter(statuses=FINISHED), limit=1, order_by="update_timestamp")
    return f"{records[0].dagster_run.run_id} {records[0].update_timestamp.isoformat()}" if records else None
