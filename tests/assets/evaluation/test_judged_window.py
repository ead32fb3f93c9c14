"""What the report says of the judged window of the built shop, against SQL written by hand."""

import datetime as dt

import polars as pl
import pytest

from assets.evaluation.judged_window import judged_window

AS_OF, THROUGH = dt.date(2025, 9, 17), dt.date(2025, 9, 20)

TAKEN = f"""(SELECT DISTINCT user_id, item_id FROM core_interactions
    WHERE event_day BETWEEN DATE '{AS_OF}' + 1 AND '{THROUGH}')"""
"""Enough for what stands in lists: they hold nothing seen, and only of users with a past."""


@pytest.fixture(scope="module")
def judged(built):
    return judged_window(built.warehouse, AS_OF, THROUGH, 5)


def test_what_was_taken_by_place_is_what_sql_counts(built, judged):
    by_place = built.warehouse.read(
        f"""SELECT rank AS bin, count(*) AS n_shown, count(t.item_id) AS n_taken
        FROM recommendations AS r LEFT JOIN {TAKEN} AS t USING (user_id, item_id)
        WHERE as_of_day = '{AS_OF}' AND rank <= 5 GROUP BY rank ORDER BY rank"""
    )
    rates = judged["take_rates"].filter(pl.col("by") == "rank")
    assert rates.select("bin", "n_shown", "n_taken").rows() == by_place.rows()
    assert rates["n_taken"].sum() > 0


def test_scores_are_those_of_the_lists(built, judged):
    sql = f"SELECT min(score), max(score) FROM recommendations WHERE as_of_day = '{AS_OF}' AND rank <= 5"
    rates = judged["take_rates"].filter(pl.col("by") == "score")
    assert (rates["score_low"].min(), rates["score_high"].max()) == built.warehouse.read(sql).row(0)
    assert 0 < judged["list_order"].value < 1


def test_the_way_of_taken_items_ends_where_the_metrics_say(built, judged):
    stages = dict(judged["taken_funnel"].stages.select("stage", "n_items").iter_rows())
    scored = f"""SELECT value, n_users FROM metrics WHERE as_of_day = '{AS_OF}' AND model = 'recommendations'
        AND slice = 'all' AND k = 5 AND scored_through = '{THROUGH}' AND metric = 'hit_rate'"""
    hit_rate, n_users = built.warehouse.read(scored).row(0)
    of_users = dict(judged["taken_funnel"].stages.select("stage", "n_users").iter_rows())
    assert of_users["taken"] == n_users
    assert of_users["listed"] == round(hit_rate * n_users) > 0
    assert stages["listed"] == judged["take_rates"].filter(pl.col("by") == "rank")["n_taken"].sum()
    assert stages["taken"] >= stages["known"] >= stages["served"] > stages["offered"] > stages["listed"]


def test_candidate_recall_is_what_sql_counts(built, judged):
    sql = f"""SELECT source, count(*) FROM candidates SEMI JOIN {TAKEN} AS t USING (user_id, item_id)
        WHERE as_of_day = '{AS_OF}' GROUP BY source"""
    found = judged["taken_funnel"].sources
    assert dict(found.select("source", "n_found").iter_rows()) == dict(built.warehouse.read(sql).iter_rows())
    assert found["n_alone"].sum() > 0
