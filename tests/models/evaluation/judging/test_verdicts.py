import math

import pytest

from models.evaluation.judging.verdicts import likelihood_verdict, pairwise_verdict, pointwise_verdict
from models.text.generation.answer import GenerationAnswer


def answer(value, outcome="answered"):
    return GenerationAnswer("", value, 1, 1, 1, 0.1, outcome)


def pair(ahead: str, behind: str):
    return pairwise_verdict(answer({"better": ahead}), answer({"better": behind}))


@pytest.mark.parametrize(
    ("ahead", "behind", "word", "score"),
    [
        ("first", "second", "win", 1.0),
        ("second", "first", "loss", 0.0),
        ("neither", "neither", "tie", 0.5),
        ("first", "first", "unsure", None),
        ("second", "second", "unsure", None),
        ("first", "neither", "unsure", None),
        ("neither", "first", "unsure", None),
    ],
)
def test_only_what_is_said_in_both_orders_counts(ahead, behind, word, score):
    verdict = pair(ahead, behind)
    assert (verdict.word, verdict.score, verdict.is_sure) == (word, score, score is not None)


@pytest.mark.parametrize("outcome", ["invalid", "refused", "failed"])
def test_a_missing_answer_is_no_verdict(outcome):
    assert pairwise_verdict(answer({"better": "first"}), answer(None, outcome)).word == "no answer"
    assert pairwise_verdict(answer(None, outcome), answer({"better": "first"})).word == "no answer"
    assert pointwise_verdict(answer({"fit": 3}), answer(None, outcome)).word == "no answer"
    assert pointwise_verdict(answer(None, outcome), answer({"fit": 3})).word == "no answer"


@pytest.mark.parametrize(("one", "other", "score"), [(3, 3, 3.0), (4, 5, 4.5), (5, 4, 4.5), (2, 4, None), (5, 1, None)])
def test_ratings_that_are_a_point_apart_are_one(one, other, score):
    assert pointwise_verdict(answer({"fit": one}), answer({"fit": other})).score == score


class TestLikelihood:
    def test_what_it_would_say_of_anybody_is_taken_away(self):
        """The word "first" is e times likelier whatever stands there; the person makes the better list likelier by e."""
        ahead = [-1.0 + 1.0, -2.0, -1.0, -2.0]
        behind = [-1.0, -2.0 + 1.0, -1.0, -2.0]
        assert likelihood_verdict(ahead, behind, 0.5).word == "win"
        assert likelihood_verdict(behind, ahead, 0.5).word == "loss"

    def test_a_liking_for_a_place_is_none(self):
        biased = [0.0, -3.0, -3.0, -3.0]
        assert likelihood_verdict(biased, biased, 0.5).word == "unsure"

    def test_a_famous_list_is_none_either(self):
        ahead, behind = [-0.5, -1.5, -0.5, -1.5], [-1.5, -0.5, -1.5, -0.5]
        assert likelihood_verdict(ahead, behind, 0.5) == likelihood_verdict(behind, ahead, 0.5)
        assert likelihood_verdict(ahead, behind, 0.5).word == "tie"

    def test_the_margin_counts_in_both_orders(self):
        ahead, behind = [0.6, 0.0, 0.0, 0.0], [0.0, 0.4, 0.0, 0.0]
        assert likelihood_verdict(ahead, behind, 0.4).word == "win"
        assert likelihood_verdict(ahead, behind, 0.5).word == "unsure"
        assert likelihood_verdict(ahead, behind, 0.7).word == "tie"

    def test_what_is_not_finite_is_no_answer(self):
        assert likelihood_verdict([-math.inf] * 4, [0.0] * 4, 0.1).word == "no answer"
