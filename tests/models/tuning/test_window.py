"""What a fit may see, and that nothing else reaches it."""

import numpy as np
import pytest

from models.errors import UserError
from models.retrieval.popularity import Popularity, PopularityConfig
from models.retrieval.registry import new_retriever
from models.retrieval.taken_back import TakenBack
from models.tuning.window import ValidationWindow

DAY = 86_400
CUT, END = 8 * DAY, 11 * DAY


class Spy(Popularity):
    """Keeps what it was given."""

    def fit(self, train, validation=None, *rest, **more):
        self.train, self.validation = train, validation
        return super().fit(train, validation, *rest, **more)


def ease(window: ValidationWindow):
    retriever = new_retriever("ease", {"l2": 10.0})
    return retriever, window.judge(retriever)


@pytest.fixture
def spied(walked):
    spy = Spy(PopularityConfig())
    window = ValidationWindow(walked, CUT, END)
    window.judge(spy)
    return window, spy


class TestWhatAFitSees:
    def test_learns_from_what_lies_before_the_cut(self, spied, walked):
        _, spy = spied
        assert spy.train.times.max() < CUT
        assert len(spy.train.items) == (walked.times < CUT).sum()

    def test_is_stopped_by_the_choosing_users_within_the_window(self, spied):
        window, spy = spied
        watched = np.flatnonzero(spy.validation.lengths())
        assert spy.validation.times.min() == CUT
        assert watched.tolist() == window.validation.users[window.chooses].tolist()

    def test_halves_are_apart_and_together_everyone(self, spied):
        window, _ = spied
        assert abs(window.chooses.sum() - (~window.chooses).sum()) <= 1
        assert len(window.chooses) == len(window.validation.users)


class TestLeaks:
    def test_an_event_after_the_as_of_days_end_changes_nothing(self, walked, plant):
        before, after = (ease(ValidationWindow(data, CUT, END)) for data in (walked, plant(walked, 3, 39, END)))
        assert np.array_equal(before[0].weights, after[0].weights)
        assert np.array_equal(before[1].choosing, after[1].choosing)
        assert np.array_equal(before[1].confirming, after[1].confirming)

    def test_the_last_second_of_the_as_of_day_counts(self, walked, plant):
        before, after = (ease(ValidationWindow(data, CUT, END)) for data in (walked, plant(walked, 3, 39, END - 1)))
        scores = [np.concatenate([judged.choosing, judged.confirming]) for _, judged in (before, after)]
        assert not np.array_equal(*scores)
        assert np.array_equal(before[0].weights, after[0].weights)

    def test_the_second_of_the_cut_is_not_learned_from(self, walked, plant):
        before, at, ahead = (
            ease(ValidationWindow(data, CUT, END))[0].weights
            for data in (walked, plant(walked, 3, 39, CUT), plant(walked, 3, 39, CUT - 1))
        )
        assert np.array_equal(before, at) and not np.array_equal(before, ahead)

    def test_what_confirming_users_did_after_the_cut_does_not_touch_the_choice(self, walked, plant):
        window = ValidationWindow(walked, CUT, END)
        confirming = int(window.validation.users[~window.chooses][0])
        planted = ValidationWindow(plant(walked, confirming, 39, CUT + 1), CUT, END)
        assert planted.watched.items.tolist() == window.watched.items.tolist()
        before, after = ease(window)[1], ease(planted)[1]
        assert np.array_equal(before.choosing, after.choosing)
        assert not np.array_equal(before.confirming, after.confirming)


def test_of_users_keeps_what_they_took_back(walked):
    undone = TakenBack(np.array([1, 2]), np.array([5, 6]), np.array([0, 0]))
    few = type(walked)(**{**walked.__dict__, "taken_back": undone}).of_users(np.array([2, 4]))
    assert np.flatnonzero(few.lengths()).tolist() == [2, 4] and few.n_users == walked.n_users
    assert few.history(4).tolist() == walked.history(4).tolist()
    assert few.taken_back.users.tolist() == [2]


def test_nobody_came_back(walked):
    with pytest.raises(UserError, match=r"split\.validation_days: 0 user"):
        ValidationWindow(walked, END, END + DAY)
