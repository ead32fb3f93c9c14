"""A training that was stopped between two epochs, on a copy of the built shop."""

import datetime as dt
from pathlib import Path

import pytest

from assets.artifacts import artifact_digest
from assets.embeddings import retrievers
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days

DAY = dt.date(2025, 9, 17)
"""The first as-of day, of which training began anew."""


class Steps:
    """What training tells of its steps; raises at the `stop`th, counted over both models."""

    def __init__(self):
        self.seen: list[tuple[int, int]] = []
        self.stop = 0

    def note(self, what: str, done: int, total: int) -> None:
        self.seen.append((done, total))
        if len(self.seen) == self.stop:
            raise KeyboardInterrupt


@pytest.fixture
def steps(monkeypatch):
    steps = Steps()
    monkeypatch.setattr(retrievers, "log_now_and_then", lambda log: steps.note)
    return steps


def test_the_next_run_goes_on_where_it_stopped_and_ends_with_the_same_weights(copied, built, steps):
    def run(stop=0):
        steps.seen, steps.stop = [], stop
        settings = copied.project.settings
        return run_days(copied.definitions(), copied.instance(), settings, LEARNING_JOB, DAY, print, ["sasrec"])

    whole = artifact_digest(built.warehouse, "sasrec", DAY)
    unfinished = Path(copied.artifacts.root) / "sasrec" / f".unfinished-{DAY}"
    assert run().success
    assert artifact_digest(copied.warehouse, "sasrec", DAY) == whole and not unfinished.exists()

    n_steps = len(steps.seen)
    assert not run(stop=3 * n_steps // 4).success
    assert unfinished.is_dir()
    assert run().success
    assert artifact_digest(copied.warehouse, "sasrec", DAY) == whole and not unfinished.exists()
    assert 0 < len(steps.seen) < n_steps / 2
