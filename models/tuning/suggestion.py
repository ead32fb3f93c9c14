"""Which settings to try next, by Optuna's tree-structured Parzen estimator.

A suggestion follows from the space, the seed and the earlier trials alone: nothing is carried from one to the next, so
a study that was killed goes on as if it had not been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import UserError
from models.tuning.search_range import SearchRange
from models.tuning.search_space import Space
from models.tuning.trial import Trial

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

MOST_DRAWS = 50
"""Draws in search of settings that were not tried before."""
DIGITS = 4
"""Of a number without step: what is written into sluice.yaml is what was tried."""


def suggest(space: Space, trials: list[Trial], seed: int) -> dict[str, Any] | None:
    """Settings that no earlier trial had; `None` where none are found, since a small space comes to its end.

    The first ten are drawn at random, later ones where good trials lie densely and bad ones do not (Bergstra et al.,
    "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011, sec. 4).

    Args:
        space: Where to look.
        trials: All earlier ones. Failed trials, and settings outside the space, teach the estimator nothing.
        seed: Of the draws.

    Raises:
        UserError: Optuna is not installed.
    """
    optuna = _optuna()
    chance = int(np.random.SeedSequence([seed, len(trials)]).generate_state(1)[0])
    study = _study_of(space, trials, optuna.samplers.TPESampler(seed=chance))
    tried = [trial.settings for trial in trials]
    for _ in range(MOST_DRAWS):
        drawn = study.ask(_distributions(space)).params
        settings = {key: _short(wanted, drawn[key]) for key, wanted in space.items()}
        if settings not in tried:
            return settings
    return None


def importances(space: Space, trials: list[Trial]) -> dict[str, float]:
    """How much each setting told good trials from others, most first, adding up to 1; empty for fewer than ten trials.

    PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023) over the complete trials.
    """
    optuna = _optuna()
    study = _study_of(space, trials, None)
    values = {trial.value for trial in study.trials}
    if len(study.trials) < 10 or len(values) < 2:
        return {}
    return optuna.importance.get_param_importances(study)


def optuna_version() -> str:
    """Optuna's version, on which suggestions depend.

    Raises:
        UserError: Optuna is not installed.
    """
    return _optuna().__version__


def _optuna() -> Any:
    try:
        import optuna
        import optuna.importance
    except ImportError as error:
        mend = "Install it with `pip install 'sluice[tune]'`."
        raise UserError(f"Optuna is not installed ({error})", "sluice tune", mend) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study_of(space: Space, trials: list[Trial], sampler: Any) -> Study:
    """The trials that can teach, as Optuna keeps them, in memory."""
    import optuna

    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = _distributions(space)
    for trial in trials:
        if trial.ndcg is not None and all(space[key].has(value) for key, value in trial.settings.items()):
            study.add_trial(
                optuna.trial.create_trial(params=trial.settings, distributions=distributions, value=trial.ndcg.mean)
            )
    return study


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {key: _distribution(wanted) for key, wanted in space.items()}


def _distribution(wanted: SearchRange) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if wanted.choices is not None:
        return CategoricalDistribution(wanted.choices)
    if isinstance(wanted.low, int) and isinstance(wanted.high, int):
        return IntDistribution(wanted.low, wanted.high, log=wanted.log, step=int(wanted.step or 1))
    assert wanted.low is not None and wanted.high is not None
    return FloatDistribution(wanted.low, wanted.high, log=wanted.log, step=wanted.step)


def _short(wanted: SearchRange, value: Any) -> Any:
    """A number that was drawn from a range without step, in few digits, still within the range."""
    if wanted.choices is not None or wanted.step is not None or not isinstance(value, float):
        return value
    assert wanted.low is not None and wanted.high is not None
    return float(min(max(float(f"{value:.{DIGITS}g}"), wanted.low), wanted.high))
