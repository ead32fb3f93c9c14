"""When the nightly tables have passed their checks, learn from them."""

import dagster as dg

from pipelines.jobs import LEARNING_JOB
from pipelines.schedules import NIGHTLY_TAG


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
