"""The audit of lists before any number of theirs is stored."""

import datetime as dt

import pytest

from assets.embeddings import interaction_sequences
from assets.evaluation.checks import LEAKS
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days

LAST = dt.date(2025, 9, 20)
NUMBERS = (
    "SELECT DISTINCT as_of_day FROM metrics WHERE partition_day = '2025-09-20' AND model <> 'population' ORDER BY 1"
)


def score_again(shop):
    shop.sql("DELETE FROM metrics WHERE partition_day = '2025-09-20'")
    definitions, instance = shop.definitions(), shop.instance()
    return run_days(definitions, instance, shop.project.settings, LEARNING_JOB, LAST, print, ["metrics"])


@pytest.fixture
def targets(copied):
    return copied.warehouse.read(NUMBERS)["as_of_day"].to_list()


def test_lists_that_know_the_future_get_no_number(copied, targets):
    first = targets[0]
    sql = f"""UPDATE core_items SET first_seen_on = '{first + dt.timedelta(days=1)}' WHERE item_id =
        (SELECT item_id FROM recommendations WHERE as_of_day = '{first}' ORDER BY user_id, rank LIMIT 1)"""
    copied.sql(sql)
    outcome = score_again(copied)
    passed, blocking, shown = outcome.checks[f"metrics:{LEAKS}"]
    assert blocking and not passed
    assert f"No number of the lists as of {first} is stored." in shown
    assert copied.warehouse.read(NUMBERS)["as_of_day"].to_list() == targets[1:]


def test_lists_that_know_nothing_of_it_get_theirs(copied, targets):
    assert score_again(copied).checks[f"metrics:{LEAKS}"][0]
    assert targets and copied.warehouse.read(NUMBERS)["as_of_day"].to_list() == targets


def test_models_that_learned_from_the_next_days_get_no_number(copied, targets, monkeypatch):
    """Sequences as of a day that are made of everything up to the newest, as a wrong comparison would make them."""
    first = targets[0]
    for name in ("interactions_until", "items_known"):
        read = getattr(interaction_sequences, name)
        monkeypatch.setattr(interaction_sequences, name, lambda warehouse, day, read=read: read(warehouse, LAST))
    definitions, instance = copied.definitions(), copied.instance()
    names = ["interaction_sequences"]
    assert run_days(definitions, instance, copied.project.settings, LEARNING_JOB, first, print, names).success
    passed, _, shown = score_again(copied).checks[f"metrics:{LEAKS}"]
    assert not passed and "trained_on_later_interaction" in shown
    assert first not in copied.warehouse.read(NUMBERS)["as_of_day"].to_list()
