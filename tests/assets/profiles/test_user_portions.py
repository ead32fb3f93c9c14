"""A large shop's users are profiled some at a time: the same profiles, checks and counts."""

import datetime as dt

import polars as pl
import pytest
from chat_server import ChatServer
from item_writer import settings_of
from profile_writing import configured
from user_writer import writes_users

from assets import point_in_time
from assets.point_in_time import interactions_until, user_ranges
from assets.profiles import user_profiles
from assets.profiles.checks import UserFindings
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days

LAST = dt.date(2025, 9, 20)
SQL = "SELECT * FROM user_profiles WHERE as_of_day = ?"


@pytest.mark.parametrize("n", [150, 10**6])
def test_ranges_hold_every_interaction_once(built, n):
    warehouse = built.warehouse
    ranges = user_ranges(warehouse, LAST, n)
    parts = [interactions_until(warehouse, LAST, users) for users in ranges]
    whole = interactions_until(warehouse, LAST)
    keys = ["event_at", "event_id", "user_id", "item_id"]
    assert pl.concat(parts).sort(keys).equals(whole.sort(keys))
    assert sum(part["user_id"].n_unique() for part in parts) == whole["user_id"].n_unique()
    largest = whole["user_id"].value_counts()["count"].max()
    assert len(ranges) == 1 if n == 10**6 else len(ranges) > 3
    assert all(part.height < n + largest for part in parts)


def test_portions_make_the_same_table_and_checks(copied, monkeypatch):
    before = copied.warehouse.read(SQL, [LAST])
    copied.configure(profiles={"portion_interactions": 250})
    asked = []
    monkeypatch.setattr(
        point_in_time, "interactions_until", lambda *args: asked.append(args) or interactions_until(*args)
    )
    settings = copied.project.settings
    outcome = run_days(copied.definitions(), copied.instance(), settings, LEARNING_JOB, LAST, print, ["user_profiles"])
    assert outcome.success, outcome.failures
    assert len(asked) > 2, "each portion reads its own"
    after = copied.warehouse.read(SQL, [LAST])
    assert after["user_id"].is_sorted() and after.equals(before)
    coverage = next(text for name, (_, _, text) in outcome.checks.items() if "every_user_has" in name)
    assert "coverage=1.0" in coverage


def test_portions_ask_a_model_the_same_questions(copied):
    tables, n_calls, counts = [], [], []
    with ChatServer(writes_users) as server:
        for n in (10**6, 250):
            settings = configured(copied, profiles={"portion_interactions": n}, generator=settings_of(server))
            _, told, _ = user_profiles.profile_everyone(copied.warehouse, LAST, settings)
            tables.append(copied.warehouse.read(SQL, [LAST]))
            n_calls.append(len(server.calls))
            counts.append(told)
    assert tables[0].equals(tables[1]) and set(tables[0]["backend"]) == {"openai"}
    assert n_calls[0] == n_calls[1] == counts[0]["calls"], "all are in the ledger"
    assert counts[1]["user_short.v1 kept"] == counts[0]["user_short.v1 answered"] == tables[0].height


def test_a_fault_in_any_portion_is_found(built):
    frame = built.warehouse.read(SQL, [LAST]).sort("user_id")
    known = interactions_until(built.warehouse, LAST)
    parts = [frame[:40], frame[40:]]

    def results(*portions):
        findings = UserFindings()
        for rows in portions:
            ids = parts[0 if rows["user_id"][0] < parts[1]["user_id"][0] else 1]["user_id"]
            findings.add(rows, known.filter(pl.col("user_id").is_in(ids.to_list())))
        assert findings.n_rows == sum(rows.height for rows in portions)
        return {result.check_name for result in findings.results() if not result.passed}

    assert results(*parts) == set()
    broken = parts[1].with_columns(profile=pl.lit("{half"))
    assert results(parts[0], broken) == {"user_profiles_are_valid", "user_profiles_keep_their_suite"}
    mailed = parts[0].with_columns(
        profile=pl.col("profile").str.replace("Most active", "Write to a@b.com. Most active")
    )
    assert results(mailed, parts[1]) == {"user_profiles_hold_no_personal_data"}
    assert results(parts[0], parts[1][1:]) == {"every_user_has_a_profile"}
    assert results(parts[0], pl.concat([parts[1], parts[1]])) == {"user_profiles_keep_their_suite"}
