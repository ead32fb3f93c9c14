"""`sluice tune`: settings of one retriever, tried on the validation window, every trial a row of `tuning_trials`."""

import datetime as dt
import math
import time

from models.errors import UserError
from models.retrieval import registry
from models.tuning.search_space import space_of
from models.tuning.study import Plan, run_study
from models.tuning.suggestion import optuna_version
from pipelines.build_lock import tuning_lock
from pipelines.console import Bar, say
from pipelines.tuning_report import show, trial_line
from pipelines.tuning_work import Work
from resources.settings import Project


def tune(
    project: Project,
    retriever: str,
    n_trials: int = 20,
    minutes: float | None = None,
    day: dt.date | None = None,
    fresh: bool = False,
) -> None:
    """Try settings until there are as many trials as wanted, and print what came out; sluice.yaml stays as it is.

    Args:
        project: The project.
        retriever: Which of its retrievers.
        n_trials: Settings to try besides the present ones, those of earlier sittings included.
        minutes: No trial is begun later than this.
        day: As-of day; `None`: the newest that has interactions.
        fresh: Forget the earlier trials of the same study.

    Raises:
        UserError: The retriever is not configured or has nothing to tune, there are no interactions of the day, nobody
            came back in the validation window, Optuna is missing, or another tuning is running.
    """
    plan = plan_of(project, retriever, n_trials)
    optuna = optuna_version()
    with tuning_lock(project.output, project.catalogue):
        work = Work.of(project, retriever, plan, optuna, day)
        work.store.prepare(fresh)
        earlier = work.store.trials()
        say(f"tuning {retriever} as of {work.store.as_of_day}, {work.users_in_words()}")
        if earlier:
            say(f"goes on from {len(earlier)} trial(s) that were made before; --fresh forgets them")
        until = math.inf if minutes is None else time.monotonic() + 60 * minutes
        with Bar(f"tuning {retriever}") as bar:
            trials = run_study(plan, earlier, work.judge(bar.update), work.keep, lambda: time.monotonic() < until)
            for trial in trials:
                say(trial_line(trial))
        show(plan, work.store, project.settings.retrievers[retriever])


def plan_of(project: Project, retriever: str, n_trials: int) -> Plan:
    """What to look for.

    Raises:
        UserError: The retriever is not configured, or there is nothing to tune.
    """
    settings = project.settings
    if retriever not in settings.retrievers:
        mend = f"Choose one of {', '.join(settings.retrievers)}, or add it there."
        raise UserError(f"`retrievers` has no {retriever!r}", str(project.path), mend)
    space = space_of(retriever, settings.tuning.get(retriever))
    if not space:
        mend = f"Name some under `tuning.{retriever}`, or choose another retriever."
        raise UserError(f"{retriever} has no settings that are tuned by themselves", str(project.path), mend)
    config = registry.config_class(retriever).model_validate(settings.retrievers[retriever])
    return Plan(space, {key: getattr(config, key) for key in space}, n_trials)
