import builtins

import pytest

from models.errors import UserError
from models.evaluation.intervals import Interval
from models.tuning.search_range import SearchRange
from models.tuning.suggestion import importances, optuna_version, suggest
from models.tuning.trial import Trial

SPACE = {
    "l2": SearchRange(low=1e-3, high=1.0, log=True),
    "size": SearchRange(choices=[8, 16]),
    "n": SearchRange(low=1, high=9, step=2),
    "kind": SearchRange(choices=["a", "b"]),
}


def done(number: int, settings: dict, ndcg: float) -> Trial:
    return Trial(number, settings, "complete", Interval(ndcg, ndcg, ndcg))


def study(n: int, seed: int = 0, value=lambda settings: -abs(settings["l2"] - 0.03)) -> list[Trial]:
    trials = [done(0, {"l2": 0.5, "size": 8, "n": 3, "kind": "a"}, -0.47)]
    while len(trials) < n:
        settings = suggest(SPACE, trials, seed)
        trials.append(done(len(trials), settings, value(settings)))
    return trials


class TestSuggest:
    def test_lies_in_the_space_in_few_digits(self):
        for trial in study(15):
            assert all(SPACE[key].has(value) for key, value in trial.settings.items())
            assert list(trial.settings) == list(SPACE)
            assert trial.settings["l2"] == float(f"{trial.settings['l2']:.4g}")

    def test_follows_from_seed_and_earlier_trials_alone(self):
        trials = study(15)
        assert [trial.settings for trial in study(15)] == [trial.settings for trial in trials]
        assert suggest(SPACE, trials[:12], 0) == trials[12].settings
        assert [trial.settings for trial in study(5, seed=1)] != [trial.settings for trial in trials[:5]]

    def test_learns_where_good_trials_lie(self):
        late = [trial.settings["l2"] for trial in study(40)[25:]]
        assert sum(0.01 < value < 0.09 for value in late) > len(late) / 2  # a third of the range, in logarithms

    def test_failed_trials_and_those_outside_teach_nothing_but_are_not_repeated(self):
        known = study(12)
        outside = done(12, {"l2": 7.0, "size": 8, "n": 3, "kind": "a"}, 1.0)
        failed = Trial(12, known[5].settings | {"kind": "b"}, "failed")
        assert suggest(SPACE, [*known, outside], 0) == suggest(SPACE, [*known, failed], 0)

    def test_a_small_space_comes_to_its_end_without_a_repeat(self):
        space = {"size": SPACE["size"], "kind": SPACE["kind"]}
        trials = []
        while settings := suggest(space, trials, 0):
            trials.append(done(len(trials), settings, 0.5))
        tried = [(trial.settings["size"], trial.settings["kind"]) for trial in trials]
        assert sorted(tried) == [(8, "a"), (8, "b"), (16, "a"), (16, "b")]


class TestImportances:
    def test_the_setting_that_matters_comes_first(self):
        found = importances(SPACE, study(30))
        assert next(iter(found)) == "l2"
        assert sum(found.values()) == pytest.approx(1)

    def test_nothing_is_said_of_few_trials_or_equal_ones(self):
        assert importances(SPACE, study(9)) == {}
        assert importances(SPACE, study(12, value=lambda settings: -0.47)) == {}


def test_without_optuna_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name.startswith("optuna"):
            raise ImportError("No module named 'optuna'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r"pip install 'sluice\[tune\]'"):
        optuna_version()
