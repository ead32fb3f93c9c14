"""Running a job in this process on the project's Dagster instance, with a line per step."""

import datetime as dt
import json
import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg
from dagster import DagsterEvent, DagsterEventType

from models.errors import UserError
from pipelines.partitions import event_axis, key_of
from resources.settings import Settings

# Tags that begin with a dot are hidden on a run's page.
PID_TAG = ".dagster/sluice_pid"
SERVER_TAG = ".dagster/grpc_info"
REPOSITORY_TAG = ".dagster/repository"
REPOSITORY = "__repository__@sluice"
"""What the UI's timeline and Jobs page look for: Dagster's name of a `Definitions` @ the location of workspace.yaml."""
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
ACTIVE = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass
class RunOutcome:
    """What a run did.

    Attributes:
        run_id: Dagster's id; the run is in the UI.
        success: Whether every step succeeded.
        checks: Check name -> (passed, blocking severity, metadata as text).
        failures: `(step, message)` of the steps that failed.
    """

    run_id: str
    success: bool = False
    checks: dict[str, tuple[bool, bool, str]] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)


def run_days(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    settings: Settings,
    job: str,
    days: tuple[dt.date, dt.date] | dt.date,
    on_step: Callable[[str, str], None],
    selection: list[str] | None = None,
) -> RunOutcome:
    """Execute a job for a range of event days or for one as-of day.

    Args:
        definitions: The project's definitions.
        instance: Its Dagster instance.
        settings: Its settings.
        job: Name of the job.
        days: `(first, last)` for one run over a range, or one as-of day.
        on_step: Called as `on_step(step, "started" | "succeeded" | "failed")`.
        selection: Asset names to restrict the job to.
    """
    outcome = RunOutcome(str(uuid.uuid4()))
    tags = {PID_TAG: str(os.getpid()), REPOSITORY_TAG: REPOSITORY}
    partition = None
    if isinstance(days, tuple):
        axis = event_axis(settings)
        tags |= range_tags(*(key_of(axis, day) for day in days))
    else:
        partition = days.isoformat()
    listener = _listener(outcome, on_step)
    instance.add_event_listener(outcome.run_id, listener)
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_id=outcome.run_id,
        tags=tags,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        partition_key=partition,
        asset_selection=[dg.AssetKey(name) for name in selection] if selection else None,
        raise_on_error=False,
    )
    outcome.success = result.success
    return outcome


def _listener(outcome: RunOutcome, on_step: Callable[[str, str], None]) -> Callable:
    words = {
        DagsterEventType.STEP_START: "started",
        DagsterEventType.STEP_SUCCESS: "succeeded",
        DagsterEventType.STEP_FAILURE: "failed",
    }

    def listen(entry) -> None:
        event: DagsterEvent | None = entry.dagster_event
        if event is None:
            return
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            blocking = evaluation.severity == dg.AssetCheckSeverity.ERROR
            shown = "; ".join(f"{key}={value.value}" for key, value in evaluation.metadata.items())
            name = f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"
            outcome.checks[name] = (evaluation.passed, blocking, shown)
        if event.event_type == DagsterEventType.STEP_FAILURE:
            outcome.failures.append((event.step_key or "", _root_message(event)))
        if event.event_type in words and event.step_key:
            on_step(event.step_key, words[event.event_type])

    return listen


def _root_message(event: DagsterEvent) -> str:
    """The message of the `UserError` in a chain of causes, else of its first cause."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None and error.cls_name != UserError.__name__:
        error = error.cause
    return error.message.strip().removeprefix("models.errors.UserError: ") if error else "unknown error"


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make one run cover a range of event partitions, keys inclusive."""
    return {RANGE_START: first, RANGE_END: last}


def end_dead_runs(instance: dg.DagsterInstance, building: bool = False) -> int:
    """Mark runs whose process is gone as failed and free the pool slots they held.

    Dagster's own monitoring does not notice them, and two dead runs would hold all slots of the pool for ever.

    Args:
        instance: The project's Dagster instance.
        building: Whether a `sluice build` may be running. Where the caller holds the build lock there is none, so its
            runs are dead whatever their process id says (in a container every build may have the same).

    Returns:
        How many there were.
    """
    records = instance.get_runs(filters=dg.RunsFilter(statuses=ACTIVE))
    dead = [run for run in records if _is_dead(run, building)]
    for run in dead:
        instance.report_run_failed(run, "The process that ran it is gone.")
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)


def _is_dead(run: dg.DagsterRun, building: bool) -> bool:
    # In this order: a build's run that is started again from the UI inherits the tags of the old one.
    if SERVER_TAG in run.tags:
        return not _answers(json.loads(run.tags[SERVER_TAG]))
    return PID_TAG in run.tags and not building


def _answers(server: dict) -> bool:
    """Whether the code server that a run of the UI was started in still listens."""
    path, port = server.get("socket"), server.get("port")
    if not path and not port:
        return True
    family, address = (socket.AF_UNIX, path) if path else (socket.AF_INET, (server.get("host") or "localhost", port))
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        return client.connect_ex(address) == 0
