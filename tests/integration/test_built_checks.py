"""What the checks of one build leave behind."""

import datetime as dt

import polars as pl
from built_names import EMPTY, LAST


def test_an_empty_day_is_a_warning(built):
    passed, blocking, text = built.outcomes[0].checks["raw_events:no_day_is_empty"]
    assert (passed, blocking) == (False, False)
    assert all(day in text for day in EMPTY)
    assert built.outcomes[0].success


def _results(history):
    return history.select("run_id", "asset", "check_name", "passed").iter_rows()


def test_every_result_of_every_check_is_in_the_history(built, tables):
    history = tables["quality_history"].filter(pl.col("expectation_number") == 0)
    told = {(outcome.run_id, name): result[0] for outcome in built.outcomes for name, result in outcome.checks.items()}
    kept = {(run, f"{asset}:{check}"): passed for run, asset, check, passed in _results(history)}
    assert kept == told
    assert history.height == len(told), "a result is there twice"
    assert set(history["kind"]) == {"python", "dbt", "great_expectations"}
    tests = history.filter((pl.col("kind") == "dbt") & pl.col("blocking") & pl.col("passed"))
    assert (tests["first_day"] == dt.date(2025, 9, 1)).all()
    assert (tests["last_day"] == LAST).all()


def test_a_release_holds_the_results_it_rests_on(built, tables):
    released = built.warehouse.read("SELECT * FROM quality_history", snapshot=built.newest_release().snapshot)
    assert released.height == tables["quality_history"].height
