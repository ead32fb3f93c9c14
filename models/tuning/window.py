"""What a trial may see: the past before the cut to learn from, the validation days to be judged by, nothing later."""

from __future__ import annotations

import numpy as np

from models.errors import UserError
from models.retrieval.contract import Progress, Retriever, no_progress
from models.retrieval.interactions import Interactions
from models.training.validation import Validation
from models.tuning.trial import Judged

MOST_USERS = 10_000
"""Drawn where more came back; the half of it that chooses is as many as a trained model's own validation looks at."""


class ValidationWindow:
    """The days `[cut, end)`, and those users who have a past and took something new in them, in two halves.

    By the choosing half a fit is stopped and settings are chosen. The confirming half does neither, so what it says of
    the chosen settings is not flattered by the choice among many.

    Args:
        data: Interactions; those from `end` on are not looked at.
        cut: First second of the validation days.
        end: First second after them.
        seed: Of the halves.

    Raises:
        UserError: Fewer than two users came back.
    """

    def __init__(self, data: Interactions, cut: int, end: int, seed: int = 0):
        known = data.before(end)
        future = known.since(cut)
        self.past = known.before(cut)
        self.validation = Validation(self.past, future, n_users=MOST_USERS)
        n_users = len(self.validation.users)
        if n_users < 2:
            raise UserError(
                f"{n_users} user(s) with a past took something new in the validation days",
                "split.validation_days",
                "Two are needed, and hundreds to tell settings apart: choose a later day or more validation days.",
            )
        order = np.random.default_rng(seed).permutation(n_users)
        self.chooses = np.zeros(n_users, dtype=bool)
        self.chooses[order[: (n_users + 1) // 2]] = True
        self.watched = future.of_users(self.validation.users[self.chooses])

    def judge(self, retriever: Retriever, device: str = "cpu", progress: Progress = no_progress) -> Judged:
        """Fit on the past, stopping early by the choosing users where the model can, and score both halves."""
        report = retriever.fit(self.past, self.watched, device, progress)
        scores = self.validation.per_user(retriever)
        return Judged(scores[self.chooses], scores[~self.chooses], report)
