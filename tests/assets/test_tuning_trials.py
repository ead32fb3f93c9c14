"""Trials as rows: what is kept is what is read back."""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from assets.tuning_trials import TrialStore
from models.evaluation.intervals import Interval
from models.tuning.trial import Trial
from resources.warehouse import Warehouse

DAY = dt.date(2025, 9, 14)
RUNNING = Trial(
    1, {"l2": 0.1, "size": 8, "kind": "a", "on": True}, started_at=dt.datetime(2025, 9, 15, 1, 2, 3, 456789)
)
DONE = dataclasses.replace(
    RUNNING,
    state="complete",
    ndcg=Interval(0.1 + 0.2, 0.1, 1 / 3),
    n_users=2,
    best_epoch=3,
    fit_seconds=1.5,
    peak_bytes=5_000_000_000,
    attempts=2,
)
FAILED = Trial(2, {"l2": 1e-05, "size": 8, "kind": "b", "on": False}, "failed", problem="the loss is nan")
SCORES = pl.DataFrame(
    {
        "user_id": ["u2", "u1", "u3"],
        "half": ["confirming", "confirming", "choosing"],
        "ndcg_at_10": [0.2, 0.1, 0.3],
    }
)


@pytest.fixture
def store(tmp_path) -> TrialStore:
    warehouse = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    made = TrialStore(warehouse, "ials", DAY, "abc")
    made.prepare()
    return made


def test_what_is_kept_is_read_back_to_the_last_digit(store):
    store.keep(RUNNING, None)
    assert store.trials() == [RUNNING]
    store.keep(FAILED, None)
    store.keep(DONE, SCORES)
    assert store.trials() == [DONE, FAILED]


def test_scores_of_the_confirming_users_are_in_the_order_of_their_ids(store):
    store.keep(DONE, SCORES.with_columns(pl.col("ndcg_at_10") + 1))
    store.keep(DONE, SCORES)
    assert store.confirming_scores(1).tolist() == [0.1, 0.2]


def test_studies_are_apart_and_a_fresh_one_forgets_its_own_only(store):
    other = dataclasses.replace(store, study="other")
    for each in (store, other):
        each.keep(DONE, SCORES)
    store.prepare()
    assert store.trials() == [DONE]
    store.prepare(fresh=True)
    assert store.trials() == [] and len(store.confirming_scores(1)) == 0
    assert other.trials() == [DONE] and len(other.confirming_scores(1)) == 2


def test_a_trial_and_its_scores_are_kept_together_or_not_at_all(store):
    with pytest.raises(Exception, match="no_such_column"):
        store.keep(DONE, SCORES.with_columns(no_such_column=pl.lit(1)))
    assert store.trials() == []
