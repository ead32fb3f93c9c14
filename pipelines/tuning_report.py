"""What `sluice tune` prints: a line per trial, the best of them, what mattered, and whether it was worth it."""

from typing import Any

import polars as pl
import yaml

from assets.tuning_trials import TrialStore
from models.evaluation.intervals import PairedDifference, paired_difference
from models.tuning.study import Plan
from models.tuning.suggestion import importances, suggest
from models.tuning.trial import Trial, best_of
from pipelines.console import console, say
from pipelines.query import as_table

BEST_SHOWN = 5


def trial_line(trial: Trial) -> str:
    """One trial in a line."""
    name = "the present settings" if trial.number == 0 else settings_text(trial.settings)
    if trial.ndcg is None:
        return f"trial {trial.number:>3}  failed: {trial.problem}  ({name})"
    mean, low, high = trial.ndcg
    return f"trial {trial.number:>3}  NDCG@10 {mean:.4f} ({low:.4f} to {high:.4f})  {trial.fit_seconds:.1f} s  {name}"


def settings_text(settings: dict[str, Any]) -> str:
    """Settings as sluice.yaml has them, on one line."""
    return yaml.safe_dump(settings, default_flow_style=True, sort_keys=False, width=10_000).strip()


def show(plan: Plan, store: TrialStore, given: dict[str, Any]) -> None:
    """Print what a study has found so far.

    Args:
        plan: What was looked for.
        store: Its trials.
        given: What sluice.yaml says of the retriever now.
    """
    trials = store.trials()
    best = best_of(trials)
    if best is None:
        say("no trial was completed: nothing can be said yet")
        return
    console.print(as_table(best_table(trials)))
    if shares := importances(plan.space, trials):
        say("what mattered  " + ", ".join(f"{key} {share:.0%}" for key, share in shares.items()))
    failed = sum(trial.state == "failed" for trial in trials)
    if failed:
        say(f"{failed} trial(s) failed; `problem` in tuning_trials says why")
    left = plan.n_trials + 1 - len(trials)
    if left > 0 and suggest(plan.space, trials, plan.seed) is None:
        say("all settings of this space were tried")
    elif left > 0:
        say(f"{left} trial(s) are left; the same command makes them")
    found = confirmed(best, trials, store)
    say(verdict(best, trials, found))
    if best.number and (found is None or found.high >= 0):
        say(f"To use its settings, write under `retrievers` in sluice.yaml:\n  {store.retriever}: {lines(given, best)}")


def lines(given: dict[str, Any], best: Trial) -> str:
    """A retriever's settings with those of a trial, as sluice.yaml has them."""
    return settings_text({**given, **best.settings})


def best_table(trials: list[Trial]) -> pl.DataFrame:
    """The best trials, and the present settings, best first."""
    complete = sorted((trial for trial in trials if trial.ndcg), key=lambda trial: (-trial.ndcg.mean, trial.number))  # type: ignore[union-attr]
    shown = [trial for place, trial in enumerate(complete) if place < BEST_SHOWN or trial.number == 0]
    rows = [
        {
            "trial": trial.number,
            "ndcg_at_10": trial.ndcg.mean,
            "ci_low": trial.ndcg.low,
            "ci_high": trial.ndcg.high,
            "fit_seconds": round(trial.fit_seconds or 0, 1),
            "settings": settings_text(trial.settings),
        }
        for trial in shown
        if trial.ndcg
    ]
    return pl.DataFrame(rows)


def confirmed(best: Trial, trials: list[Trial], store: TrialStore) -> PairedDifference | None:
    """How much better the best trial is than the present settings by the confirming users; `None` where one is missing.

    They had no part in the choice, so one comparison is all that is made by them.
    """
    present = next((trial for trial in trials if trial.number == 0), None)
    if best.number == 0 or present is None or present.ndcg is None:
        return None
    return paired_difference(store.confirming_scores(best.number), store.confirming_scores(0))


def verdict(best: Trial, trials: list[Trial], found: PairedDifference | None) -> str:
    """Whether the best trial is better than the present settings, in words.

    Args:
        best: The best by the choosing users.
        trials: All of them.
        found: What `confirmed` found.
    """
    complete = {trial.number: trial.ndcg.mean for trial in trials if trial.ndcg}
    if best.number == 0:
        return f"None of {len(complete) - 1} other settings did better than the present ones: keep them."
    if found is None:
        return f"Trial {best.number} is best, but the present settings failed: there is nothing to compare it with."
    if found.low > 0:
        word = "better than the present settings"
    elif found.high < 0:
        word = "worse than the present settings, keep those"
    else:
        word = "not to be told from the present settings, the difference may be chance"
    gain = complete[best.number] - complete[0]
    return (
        f"By the confirming users trial {best.number} is {word}: NDCG@10 {found.mean:+.4f} ({found.low:+.4f} to "
        f"{found.high:+.4f}). By those it was chosen by it gained {gain:+.4f}, which being the best of {len(complete)} "
        "flatters."
    )
