import pytest

from models.training.pace import Pace, in_words


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_words_are_made_once_a_second_and_the_loss_is_asked_for_only_then():
    clock, asked = Clock(), []
    pace = Pace("train toy", clock)
    pace.begin(0)

    def loss():
        asked.append(clock.now)
        return 2.5

    clock.now = 102.0
    assert pace.say(1, 11, 50, loss) == "train toy: loss 2.5, 25 examples/s, at most 20 s left"
    clock.now = 102.9
    assert pace.say(2, 11, 50, loss) == "train toy: loss 2.5, 25 examples/s, at most 20 s left"
    clock.now = 104.0
    assert pace.say(4, 11, 100, loss) == "train toy: loss 2.5, 50 examples/s, at most 7 s left"
    assert asked == [102.0, 104.0]


def test_what_an_earlier_process_did_says_nothing_of_the_pace():
    clock = Clock()
    pace = Pace("train toy", clock)
    pace.begin(90)
    clock.now += 10
    words = pace.say(95, 100, 500, lambda: 1.0, 0.125)
    assert words == "train toy: loss 1, validation NDCG@10 0.1250, 50 examples/s, at most 10 s left"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (750, "12:30"), (11_100, "3:05:00")]
)
def test_time_in_words(seconds, words):
    assert in_words(seconds) == words
