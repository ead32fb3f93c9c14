"""From answers to verdicts: what was said in both orders counts, what depends on the order does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.evaluation.judging.questions import FIRST, NEITHER, SECOND
from models.text.generation.answer import GenerationAnswer

Word = Literal["win", "loss", "tie", "unsure", "no answer"]
MOST_APART = 1
"""Points between a list's two ratings that still count as one opinion."""


@dataclass(frozen=True)
class Verdict:
    """What a judge holds of one person's list, or of two.

    Attributes:
        word: `win`, `loss` or `tie` of the list in question; `unsure` where the order decided; `no answer` where one
            of the answers is missing or invalid.
        score: 1, 0 or 0.5 of a sure verdict between two lists; the mean of both ratings, 1 to 5, of a sure rating;
            `None` otherwise.
    """

    word: Word
    score: float | None

    @property
    def is_sure(self) -> bool:
        """Whether it counts."""
        return self.score is not None


def pairwise_verdict(ahead: GenerationAnswer, behind: GenerationAnswer) -> Verdict:
    """The verdict on a list that was called first in one question and second in the other.

    Args:
        ahead: The answer where it was first.
        behind: The answer where it was second.
    """
    if ahead.outcome != "answered" or behind.outcome != "answered":
        return Verdict("no answer", None)
    said = ahead.value["better"], behind.value["better"]
    found = {(FIRST, SECOND): Verdict("win", 1.0), (SECOND, FIRST): Verdict("loss", 0.0)}
    return Verdict("tie", 0.5) if said == (NEITHER, NEITHER) else found.get(said, Verdict("unsure", None))


def pointwise_verdict(forwards: GenerationAnswer, backwards: GenerationAnswer) -> Verdict:
    """The rating of a list that was shown from its beginning and from its end."""
    if forwards.outcome != "answered" or backwards.outcome != "answered":
        return Verdict("no answer", None)
    one, other = forwards.value["fit"], backwards.value["fit"]
    return Verdict("tie", (one + other) / 2) if abs(one - other) <= MOST_APART else Verdict("unsure", None)


def likelihood_verdict(ahead: Sequence[float], behind: Sequence[float], margin: float) -> Verdict:
    """The verdict of a model that is not asked to answer but how likely it finds each answer.

    With the log probabilities `l` of an answer given the person and `l0` of the same given nobody, an order's
    preference for the first list is `(l(first) - l0(first)) - (l(second) - l0(second))`: what the model would prefer
    for anybody (a word, a position, a famous title) is taken away. (Candidate priors: Zhao et al. 2021, "Calibrate
    Before Use", eq. 1; Holtzman et al. 2021, "Surface Form Competition", section 3.)

    Args:
        ahead: `l(first), l(second), l0(first), l0(second)` where the list was first.
        behind: The same where it was second.
        margin: A preference counts from here on in both orders, natural logarithm.
    """
    ahead_for, behind_for = _preference(ahead), -_preference(behind)
    if not np.isfinite([ahead_for, behind_for]).all():
        return Verdict("no answer", None)
    if min(ahead_for, behind_for) >= margin:
        return Verdict("win", 1.0)
    if max(ahead_for, behind_for) <= -margin:
        return Verdict("loss", 0.0)
    both_small = max(abs(ahead_for), abs(behind_for)) < margin
    return Verdict("tie", 0.5) if both_small else Verdict("unsure", None)


def _preference(logs: Sequence[float]) -> float:
    first, second, first_anyway, second_anyway = logs
    return (first - first_anyway) - (second - second_anyway)
