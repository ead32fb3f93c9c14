"""What is said of a study's outcome, word by word."""

import numpy as np
import pytest
import yaml

from models.evaluation.intervals import Interval
from models.tuning.search_range import SearchRange
from models.tuning.study import Plan
from models.tuning.trial import Trial, best_of
from pipelines.tuning_report import best_table, confirmed, lines, show, trial_line, verdict

NOISE = np.random.default_rng(0).normal(0, 0.05, 200)


def done(number: int, mean: float, **settings) -> Trial:
    interval = Interval(mean, mean - 0.01, mean + 0.01)
    return Trial(number, settings or {"l2": float(number)}, "complete", interval, fit_seconds=1.26)


class Store:
    """Scores of the confirming users by trial."""

    retriever = "ease"

    def __init__(self, **gains: float):
        self.gains = {int(name.removeprefix("t")): gain for name, gain in gains.items()}

    def confirming_scores(self, trial: int) -> np.ndarray:
        return 0.2 + self.gains.get(trial, 0.0) + (NOISE if trial else 0 * NOISE)


def said(trials: list[Trial], **gains: float) -> str:
    best = best_of(trials)
    return verdict(best, trials, confirmed(best, trials, Store(**gains)))


class TestVerdict:
    trials = [done(0, 0.10), done(1, 0.15), done(2, 0.12)]

    def test_better_by_users_who_did_not_choose(self):
        words = said(self.trials, t1=0.03)
        assert "By the confirming users trial 1 is better than the present settings: NDCG@10 +0.0" in words
        assert "it gained +0.0500, which being the best of 3 flatters" in words

    def test_not_to_be_told_apart(self):
        assert "is not to be told from the present settings, the difference may be chance" in said(self.trials)

    def test_worse(self):
        assert "is worse than the present settings, keep those" in said(self.trials, t1=-0.03)

    def test_nothing_was_better(self):
        words = said([done(0, 0.10), done(1, 0.05), done(2, 0.10)])
        assert words == "None of 2 other settings did better than the present ones: keep them."

    def test_the_present_settings_failed(self):
        words = said([Trial(0, {"l2": 1.0}, "failed", problem="x"), done(1, 0.1)])
        assert words.endswith("the present settings failed: there is nothing to compare it with.")


@pytest.mark.parametrize(("gain", "told"), [(0.03, True), (0.0, True), (-0.03, False)])
def test_settings_that_are_worse_are_not_offered(gain, told, capsys):
    store = Store(t1=gain)
    store.trials = lambda: [done(0, 0.10), done(1, 0.15)]
    show(Plan({"l2": SearchRange(low=0.0, high=2.0)}, {"l2": 0.0}, n_trials=1), store, {"n_threads": 2})
    assert ("ease: {n_threads: 2, l2: 1.0}" in capsys.readouterr().out) == told


def test_the_line_for_the_file_keeps_what_was_said_and_reads_back():
    given = {"n_threads": 2, "l2": 1.0}
    line = lines(given, done(1, 0.2, l2=1e-05, similarity="bm25", size=8))
    assert yaml.safe_load(f"ease: {line}") == {"ease": {"n_threads": 2, "l2": 1e-05, "similarity": "bm25", "size": 8}}


def test_the_table_has_the_best_and_the_present_settings():
    trials = [done(0, 0.01), *(done(number, number / 10) for number in range(1, 8))]
    assert best_table(trials)["trial"].to_list() == [7, 6, 5, 4, 3, 0]
    assert best_table(trials)["settings"][0] == "{l2: 7.0}"


@pytest.mark.parametrize(
    ("trial", "line"),
    [
        (done(0, 0.1), "trial   0  NDCG@10 0.1000 (0.0900 to 0.1100)  1.3 s  the present settings"),
        (done(3, 0.1, l2=2.5), "trial   3  NDCG@10 0.1000 (0.0900 to 0.1100)  1.3 s  {l2: 2.5}"),
        (Trial(2, {"l2": 2.5}, "failed", problem="no"), "trial   2  failed: no  ({l2: 2.5})"),
    ],
)
def test_a_trial_in_a_line(trial, line):
    assert trial_line(trial) == line
