"""Whole studies on planted data, with a store of a few lines."""

import numpy as np
import pytest

from models.errors import UserError
from models.retrieval.contract import FitReport
from models.retrieval.registry import new_retriever
from models.tuning.search_range import SearchRange
from models.tuning.search_space import space_of
from models.tuning.study import Plan, run_study
from models.tuning.trial import Judged, Trial, best_of
from models.tuning.window import ValidationWindow

DAY = 86_400
CUT, END = 8 * DAY, 11 * DAY


class Killed(BaseException):
    """What a test kills with; a killed process says nothing either."""


class Kept(dict):
    """Trials by number."""

    def keep(self, trial: Trial, judged: Judged | None) -> None:
        self[trial.number] = trial

    @property
    def trials(self) -> list[Trial]:
        return [self[number] for number in sorted(self)]


PLAN = Plan({"x": SearchRange(low=0.0, high=1.0)}, {"x": 0.9}, n_trials=14)


def scores(settings: dict) -> Judged:
    """Best at x = 0.3."""
    value = 1 - abs(settings["x"] - 0.3)
    return Judged(np.full(5, value), np.full(4, value), FitReport(best_epoch=2, seconds=0.5))


def run(plan=PLAN, kept=None, judge=scores, may_go_on=lambda: True) -> Kept:
    kept = Kept() if kept is None else kept
    list(run_study(plan, kept.trials, judge, kept.keep, may_go_on))
    return kept


def settings_of(kept: Kept) -> list[dict]:
    return [trial.settings for trial in kept.trials]


class Dies:
    """Judges until the trial it dies in."""

    def __init__(self, at: int, kind: type[BaseException] = Killed):
        self.left, self.kind, self.seen = at, kind, []

    def __call__(self, settings):
        if not self.left:
            raise self.kind
        self.left -= 1
        self.seen.append(settings)
        return scores(settings)


class TestAStudy:
    def test_begins_with_the_present_settings_and_finds_better_ones(self):
        kept = run()
        assert list(kept) == list(range(15)) and kept[0].settings == {"x": 0.9}
        best = best_of(kept.trials)
        assert best.ndcg.mean > kept[0].ndcg.mean + 0.3 and abs(best.settings["x"] - 0.3) < 0.1
        assert (best.state, best.best_epoch, best.fit_seconds, best.n_users) == ("complete", 2, 0.5, 5)

    def test_the_same_seed_tries_the_same_and_another_does_not(self):
        assert settings_of(run()) == settings_of(run())
        assert settings_of(run(Plan(PLAN.space, PLAN.present, 5, seed=1))) != settings_of(run())[:6]

    def test_no_settings_are_tried_twice_and_a_small_space_ends(self):
        kept = run(Plan({"x": SearchRange(choices=[0.1, 0.3, 0.9])}, {"x": 0.9}, n_trials=50))
        assert sorted(trial.settings["x"] for trial in kept.trials) == [0.1, 0.3, 0.9]

    def test_stops_when_it_may_not_go_on(self):
        answers = iter([True, True, False])
        assert len(run(may_go_on=lambda: next(answers))) == 2

    def test_a_longer_study_goes_on_from_a_shorter_one(self):
        kept = run(Plan(PLAN.space, PLAN.present, 6))
        judge = Dies(at=99)
        assert settings_of(run(kept=kept, judge=judge)) == settings_of(run())
        assert len(judge.seen) == 8


class TestAfterAKill:
    @pytest.mark.parametrize("at", [0, 1, 7, 13])
    def test_it_goes_on_as_if_nothing_had_been_and_repeats_nothing(self, at):
        kept, first, second = Kept(), Dies(at), Dies(at=99)
        with pytest.raises(Killed):
            run(kept=kept, judge=first)
        assert kept[at].state == "running"
        run(kept=kept, judge=second)
        assert settings_of(kept) == settings_of(run()) == [*first.seen, *second.seen]
        assert {trial.state for trial in kept.trials} == {"complete"} and kept[at].attempts == 2

    def test_a_trial_that_ends_its_process_twice_has_failed(self):
        kept = Kept()
        for _ in range(2):
            with pytest.raises(Killed):
                run(kept=kept, judge=Dies(3 if not kept else 0))
        run(kept=kept)
        assert kept[3].state == "failed" and "killed 2 times: it may not fit into memory" in kept[3].problem
        assert len(kept) == 15 and kept[4].state == "complete"

    def test_ctrl_c_does_not_count(self):
        kept = Kept()
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                run(kept=kept, judge=Dies(3 if not kept else 0, KeyboardInterrupt))
        run(kept=kept)
        assert kept[3].state == "complete"


class TestTrialsThatFail:
    @pytest.mark.parametrize(
        ("fails", "words"),
        [
            (UserError("the loss is nan", "training of x", "Lower it"), "the loss is nan"),
            (MemoryError("Unable to allocate 7 PiB"), "does not fit into memory: Unable to allocate 7 PiB"),
            (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "does not fit into memory"),
            (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "does not fit into memory: CUDA"),
            (FloatingPointError("not positive definite"), "cannot be solved: not positive definite"),
        ],
    )
    def test_are_kept_as_failed_and_the_study_goes_on(self, fails, words):
        def judge(settings):
            if settings["x"] < 0.5:
                raise fails
            return scores(settings)

        kept = run(judge=judge)
        assert len(kept) == 15
        failed = [trial for trial in kept.trials if trial.state == "failed"]
        assert failed and all(words in trial.problem and trial.ndcg is None for trial in failed)
        assert best_of(kept.trials).settings["x"] >= 0.5

    def test_settings_that_contradict_each_other_have_failed(self):
        def judge(settings):
            return new_retriever("sasrec", {"embedding_size": 9, "n_heads": 2}) and scores(settings)

        kept = run(Plan(PLAN.space, PLAN.present, 1), judge=judge)
        assert "n_heads (2) must divide embedding_size (9)" in kept[0].problem
        assert best_of(kept.trials) is None

    def test_a_defect_of_ours_is_raised(self):
        def judge(settings):
            raise TypeError("ours")

        with pytest.raises(TypeError, match="ours"):
            run(judge=judge)


class TestOnInteractions:
    def test_finds_the_planted_setting(self, walked):
        """Far too strong a penalty is where it begins."""
        window = ValidationWindow(walked, CUT, END)
        plan = Plan(space_of("ials", {"l2": SearchRange(low=1e-4, high=100.0, log=True)}), {"l2": 100.0}, n_trials=6)
        fixed = {"embedding_size": 8, "n_iterations": 4}
        kept = run(plan, judge=lambda tried: window.judge(new_retriever("ials", fixed | tried)))
        best = best_of(kept.trials)
        assert best.number > 0 and best.ndcg.mean > kept[0].ndcg.mean + 0.05

    def test_an_event_after_the_as_of_days_end_changes_no_trial(self, walked, plant):
        plan = Plan(space_of("ease"), {"l2": 500.0}, n_trials=12)

        def study(data):
            window = ValidationWindow(data, CUT, END)
            kept = run(plan, judge=lambda tried: window.judge(new_retriever("ease", tried)))
            return [(trial.settings, trial.ndcg) for trial in kept.trials]

        assert study(walked) == study(plant(walked, 3, 39, END)) != study(plant(walked, 3, 39, CUT - 1))
