"""One trial: some settings, and how they did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from models.evaluation.intervals import Interval
from models.retrieval.contract import FitReport


@dataclass(frozen=True)
class Trial:
    """A row of a study.

    Attributes:
        number: From 0, the present settings; 1 is the first that was suggested.
        settings: Value of every setting that is tuned.
        state: `running` until it ended, or for ever where its process was killed.
        ndcg: Mean NDCG@10 of the choosing users with its interval; `None` unless complete.
        n_users: The choosing users.
        best_epoch: Of the fit; 0 for models without epochs.
        fit_seconds: Of the fit.
        peak_bytes: Most memory the process held meanwhile; `None` where it cannot be known.
        problem: Why it failed.
        attempts: How often it was begun.
        started_at: When it was begun last, UTC.
    """

    number: int
    settings: dict[str, Any]
    state: Literal["running", "complete", "failed"] = "running"
    ndcg: Interval | None = None
    n_users: int = 0
    best_epoch: int = 0
    fit_seconds: float | None = None
    peak_bytes: int | None = None
    problem: str | None = None
    attempts: int = 1
    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC).replace(tzinfo=None))


@dataclass(frozen=True)
class Judged:
    """How fitted settings did.

    Attributes:
        choosing: NDCG@10 of the users by whom settings are chosen, `[n_choosing]`.
        confirming: Of the others, who say whether the choice was good, `[n_confirming]`.
        report: Of the fit.
    """

    choosing: np.ndarray
    confirming: np.ndarray
    report: FitReport


def best_of(trials: list[Trial]) -> Trial | None:
    """The complete trial of the highest NDCG@10, the earliest of equal ones; `None` where none is complete."""
    complete = [trial for trial in trials if trial.ndcg is not None]
    return max(complete, key=lambda trial: (trial.ndcg.mean, -trial.number)) if complete else None  # type: ignore[union-attr]
