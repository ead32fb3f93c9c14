"""A study: one trial after the other, each kept as soon as it begins and when it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from models.errors import UserError
from models.evaluation.intervals import bootstrap_intervals
from models.tuning.peak_memory import PeakMemory
from models.tuning.search_space import Space
from models.tuning.suggestion import suggest
from models.tuning.trial import Judged, Trial

MOST_ATTEMPTS = 2
OUT_OF_MEMORY = ("MemoryError", "OutOfMemoryError")
UNSOLVABLE = ("FloatingPointError", "LinAlgError", "_LinAlgError")

Judge = Callable[[dict[str, Any]], Judged]
"""Fits and scores settings."""

Keep = Callable[[Trial, Judged | None], None]
"""Keeps a trial in place of what was kept under its number."""


@dataclass(frozen=True)
class Plan:
    """What a study looks for.

    Attributes:
        space: Where to look.
        present: The present values of the settings in the space: trial 0.
        n_trials: Settings to try besides the present ones, over all sittings.
        seed: Of the suggestions.
    """

    space: Space
    present: dict[str, Any]
    n_trials: int
    seed: int = 0


def run_study(
    plan: Plan, earlier: list[Trial], judge: Judge, keep: Keep, may_go_on: Callable[[], bool] = lambda: True
) -> Iterator[Trial]:
    """Run the trials that are left, and yield each as it ended.

    The trial that an earlier process was killed in is begun once more, and failed if it ends its process again: what
    does not fit into memory is often killed without a word.

    Args:
        plan: What to look for.
        earlier: The trials that were kept, by number.
        judge: See `Judge`.
        keep: See `Keep`.
        may_go_on: Asked before each trial.
    """
    trials = [trial for trial in earlier if trial.state != "running"]
    begun = next((trial for trial in earlier if trial.state == "running"), None)
    while may_go_on():
        trial = _begin_again(begun) if begun else _next(plan, trials)
        begun = None
        if trial is None:
            return
        keep(trial, None)
        if trial.state == "running":
            trial = _try(trial, judge, keep)
        trials.append(trial)
        yield trial


def _next(plan: Plan, trials: list[Trial]) -> Trial | None:
    if not trials:
        return Trial(0, plan.present)
    if len(trials) > plan.n_trials:
        return None
    settings = suggest(plan.space, trials, plan.seed)
    return None if settings is None else Trial(len(trials), settings)


def _begin_again(trial: Trial) -> Trial:
    if trial.attempts < MOST_ATTEMPTS:
        return Trial(trial.number, trial.settings, attempts=trial.attempts + 1)
    problem = f"its process was killed {trial.attempts} times: it may not fit into memory"
    return replace(trial, state="failed", problem=problem)


def _try(trial: Trial, judge: Judge, keep: Keep) -> Trial:
    try:
        with PeakMemory() as peak:
            judged = judge(trial.settings)
    except KeyboardInterrupt:
        keep(replace(trial, attempts=trial.attempts - 1), None)  # Nobody's fault: it does not count as an attempt.
        raise
    except Exception as error:
        problem = _problem_of(error)
        if problem is None:
            raise
        failed = replace(trial, state="failed", problem=problem, peak_bytes=peak.n_bytes)
        keep(failed, None)
        return failed
    done = replace(
        trial,
        state="complete",
        ndcg=bootstrap_intervals(judged.choosing[:, None])[0],
        n_users=len(judged.choosing),
        best_epoch=judged.report.best_epoch,
        fit_seconds=judged.report.seconds,
        peak_bytes=peak.n_bytes,
    )
    keep(done, judged)
    return done


def _problem_of(error: Exception) -> str | None:
    """What is wrong with the settings; `None` for a defect of ours. torch's errors by name: it is not imported here."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    words = " ".join(str(error).split())
    if isinstance(error, UserError):
        return words
    if isinstance(error, ValidationError):
        return error.errors(include_url=False)[0]["msg"]
    if kinds & set(OUT_OF_MEMORY) or (isinstance(error, RuntimeError) and "allocate memory" in words):
        return f"does not fit into memory: {words[:200]}"
    return f"cannot be solved: {words[:200]}" if kinds & set(UNSOLVABLE) else None
