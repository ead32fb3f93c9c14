"""`sluice build`: bring tables, models and the release up to date with what lies in the source folders."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from assets.events.checks import names_users
from assets.quality.quality_history import axes_of, record_missing, record_run
from models.errors import UserError
from pipelines.build_lock import build_lock
from pipelines.console import Steps, say
from pipelines.dagster_home import instance_of
from pipelines.definitions import build_definitions
from pipelines.jobs import LEARNING_JOB, PROTOCOLS_JOB, TABLES_JOB
from pipelines.partitions import event_axis
from pipelines.plan import as_of_targets, bounds, plan_days, source_files
from pipelines.portions import in_portions
from pipelines.runs import RunOutcome, end_dead_runs, run_days
from pipelines.storage import warehouse_of
from pipelines.warm_up import WarmUp
from resources.settings import Project

JUDGED_LATER = ("evaluation", "releases")
LOG = "build.log"


@dataclass
class BuildResult:
    """What a build did: its runs, and the as-of day it stands at."""

    as_of_day: dt.date
    outcomes: list[RunOutcome] = field(default_factory=list)


def build(project: Project, first: dt.date | None = None, last: dt.date | None = None) -> BuildResult:
    """Rebuild the event days whose files, settings or code changed, then the as-of days that depend on them.

    Raises:
        UserError: The input is wrong, another build is running, or a step or a blocking check failed.
    """
    warehouse = warehouse_of(project)
    plan = plan_days(project, warehouse, first, last)
    with build_lock(project.output, project.catalogue):
        if warehouse.exists() and warehouse.snapshot() != plan.snapshot:
            plan = plan_days(project, warehouse, first, last)  # Another build ended in between.
        result = BuildResult(plan.last)
        runner = Runner(project, result)
        for days in plan.stale:
            runner.tables(days, learning_follows=True)
        if not plan.stale:
            say(f"tables     up to date, {plan.first} to {plan.last}")
        if not names_users(project.settings.events):
            say("learning   left out: the log names no users (`events.columns` has no user_id)")
            return result
        targets = as_of_targets(project, warehouse, plan.last)
        for day, stage in targets:
            runner.learning(day, stage)
        if not targets:
            say(f"release    up to date, as of {plan.last}")
    return result


def backfill_as_of(project: Project, first: dt.date, last: dt.date) -> BuildResult:
    """Every as-of day of a range, one run each, up to its release.

    Raises:
        UserError: A day lies outside the partitions or after the newest day that has tables; or as `build`.
    """
    bounds(project, source_files(project, project.settings.events), first, last)
    newest = newest_day(project)
    if newest is None or last > newest:
        raise UserError(f"the tables reach to {newest or 'no day yet'}", f"--until {last}", "Run `sluice build` first.")
    with build_lock(project.output, project.catalogue):
        result = BuildResult(last)
        runner = Runner(project, result)
        for offset in range((last - first).days + 1):
            runner.learning(first + dt.timedelta(days=offset), "release")
    return result


def backfill_days(project: Project, first: dt.date, last: dt.date) -> BuildResult:
    """A range of event days, whether they are stale or not; in one run unless that would not fit into memory.

    Raises:
        UserError: A day lies outside the partitions; or as `build`.
    """
    files = source_files(project, project.settings.events)
    bounds(project, files, first, last)
    with build_lock(project.output, project.catalogue):
        result = BuildResult(last)
        runner = Runner(project, result)
        settings = project.settings
        for days in in_portions([(first, last)], files, event_axis(settings), settings.events.format):
            runner.tables(days)
    return result


def judge_by_protocols(project: Project, day: dt.date | None = None) -> dt.date:
    """The retrievers under every configured protocol, with nothing later than `day`; `None`: the newest with tables.

    Raises:
        UserError: No protocol is configured, the day has no tables, or a step or the audit failed.
    """
    if not project.settings.evaluation.protocols:
        mend = "Name one under `evaluation.protocols`, e.g. `last_item: {kind: leave_one_out}`."
        raise UserError("no protocol is configured", str(project.path), mend)
    newest = newest_day(project)
    if newest is None or (day or newest) > newest:
        raise UserError(f"the tables reach to {newest or 'no day yet'}", f"--as-of {day}", "Run `sluice build` first.")
    with build_lock(project.output, project.catalogue):
        Runner(project, BuildResult(day or newest)).protocols(day or newest)
    return day or newest


def newest_day(project: Project) -> dt.date | None:
    """The newest source day that is in the tables."""
    warehouse = warehouse_of(project)
    sql = "SELECT max(source_day) AS day FROM event_funnel"
    return warehouse.read(sql)["day"][0] if warehouse.has_table("event_funnel") else None


def _ignore(step: str, word: str) -> None:
    """Nobody else follows the steps."""


class Runner:
    """Runs jobs for one build, which holds the build lock; prepares definitions and instance at the first run."""

    def __init__(self, project: Project, result: BuildResult):
        self.project, self.result = project, result
        self.log = project.output / LOG
        self._ready: tuple | None = None

    def tables(self, days: tuple[dt.date, dt.date], learning_follows: bool = False) -> None:
        """The `tables` job over a range of event days; what learning needs is imported meanwhile if it follows."""
        on_step = WarmUp().on_step if learning_follows else _ignore
        self._run(TABLES_JOB, days, f"tables     {days[0]} to {days[1]}", None, on_step)

    def learning(self, day: dt.date, stage: str) -> None:
        """The `learning` job for one as-of day, up to its recommendations or its release."""
        self._run(LEARNING_JOB, day, f"learning   as of {day}, up to the {stage}", stage)

    def protocols(self, day: dt.date) -> None:
        """The `protocols` job for one as-of day."""
        self._run(PROTOCOLS_JOB, day, f"protocols  as of {day}", None)

    def _run(
        self,
        job: str,
        days: tuple[dt.date, dt.date] | dt.date,
        title: str,
        stage: str | None,
        told: Callable[[str, str], None] = _ignore,
    ) -> None:
        definitions, instance = self._prepare()
        selection = None
        if stage == "recommendations":
            layer = definitions.resolve_job_def(job).asset_layer
            keys = [key for key in layer.executable_asset_keys if layer.get(key).group_name not in JUDGED_LATER]
            selection = sorted(key.to_user_string() for key in keys)
        with Steps(title, self.log) as steps:

            def on_step(step: str, word: str) -> None:
                steps.on_step(step, word)
                told(step, word)

            outcome = run_days(definitions, instance, self.project.settings, job, days, on_step, selection)
        self.result.outcomes.append(outcome)
        self._record(outcome.run_id)
        if not outcome.success:
            raise UserError(*_explain(title, outcome))

    def _record(self, run_id: str) -> None:
        """The run's check results, into `quality_history`; also those of a run that a check has stopped."""
        definitions, instance = self._prepare()
        run = instance.get_run_by_id(run_id)
        if run is not None:
            record_run(instance, warehouse_of(self.project), run, axes_of(definitions.resolve_asset_graph()))

    def _prepare(self) -> tuple:
        if self._ready is None:
            self.log.unlink(missing_ok=True)
            instance = instance_of(self.project.dagster_home)
            ended = end_dead_runs(instance)
            if ended:
                say(f"marked {ended} interrupted run(s) as failed")
            definitions = build_definitions(self.project)
            record_missing(instance, warehouse_of(self.project), axes_of(definitions.resolve_asset_graph()))
            self._ready = (definitions, instance)
        return self._ready


def _explain(title: str, outcome: RunOutcome) -> tuple[str, str, str]:
    where = " ".join(title.split())
    details = f"Run {outcome.run_id} in `sluice ui` has the details."
    failed = [(name, text) for name, (passed, blocking, text) in outcome.checks.items() if not passed and blocking]
    if failed:
        name, text = failed[0]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return f"blocking check {name} failed{more}: {text[:600].rstrip('.')}", where, details
    step, message = outcome.failures[0] if outcome.failures else ("?", "the run did not finish")
    return message[:800].rstrip("."), f"{where}, step {step}", details
