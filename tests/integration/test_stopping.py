"""A failing blocking check stops what follows, is named by `sluice build`, and leaves the last release in place."""

import datetime as dt
import json

import dagster as dg
import numpy as np
import polars as pl
import pytest
import sqlalchemy

from assets.embeddings import retrievers
from assets.indexes import ann_indexes
from assets.profiles import item_profiles
from assets.ranking import recommendations
from assets.tables import dbt_models, event_funnel
from models.errors import UserError
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days
from resources.text_encoder import CachedTextEncoder

pytestmark = pytest.mark.slow

LAST, NEXT = dt.date(2025, 9, 20), dt.date(2025, 9, 21)
CLEANED = ["stg_events", "core_events", "core_interactions", "core_users", "feat_user_daily"]


def failing_build(shop):
    """Build, which must fail; its one line, the checks that failed in its last run, and what that run materialised."""
    with pytest.raises(UserError) as refusal:
        shop.build()
    run = shop.instance().get_runs(limit=1)[0]
    entries = shop.instance().all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [entry.dagster_event.asset_check_evaluation_data for entry in entries]
    failed = {f"{each.asset_key.to_user_string()}:{each.check_name}" for each in found if not each.passed}
    assert run.status == dg.DagsterRunStatus.FAILURE
    sql = """SELECT asset || ':' || check_name AS name FROM quality_history
        WHERE run_id = ? AND NOT passed AND expectation_number = 0"""
    assert set(shop.warehouse.read(sql, [run.run_id])["name"]) == failed, "what stopped a run is in the history"
    return str(refusal.value), failed, shop.materialised(run.run_id)


class TestTables:
    """A day that would come next."""

    def test_bad_events_reach_no_cleaned_table(self, built, copied):
        path = copied.deliver(NEXT)
        path.write_bytes(path.read_bytes() + b"{broken\n" * 200)
        line, failed, made = failing_build(copied)
        assert failed == {"rejected_events:rejected_share_is_small"}
        assert "rejected_events:rejected_share_is_small" in line
        raw = {"raw_events", "rejected_events", "source_files", "event_corrections", "raw_items", "rejected_items"}
        assert made == raw
        assert copied.digests(CLEANED) == built.digests(CLEANED)
        assert copied.newest_release() == built.newest_release()

    def test_a_failing_dbt_test_stops_the_funnel_and_all_learning(self, built, copied, monkeypatch):
        """Late lines outside the days that dbt is told to rebuild would be lost."""
        monkeypatch.setattr(dbt_models, "days_to_build", lambda warehouse, graph, first, last: [last])
        copied.deliver(NEXT)
        line, failed, made = failing_build(copied)
        assert failed == {"feat_user_daily:no_event_is_lost"}
        assert "feat_user_daily:no_event_is_lost" in line
        assert "core_events" in made and "event_funnel" not in made
        assert copied.newest_release() == built.newest_release()

    def test_a_day_that_does_not_add_up_is_never_up_to_date(self, built, copied, monkeypatch):
        """Only the funnel itself runs again here: its count of rejected lines is spoilt."""
        sql = event_funnel.SQL.replace("sum(n_rejected)::BIGINT", "(sum(n_rejected) + 1)::BIGINT")
        assert sql != event_funnel.SQL
        monkeypatch.setattr(event_funnel, "SQL", sql)
        copied.sql("DELETE FROM event_funnel WHERE source_day = '2025-09-20'")
        definitions, instance, settings = copied.definitions(), copied.instance(), copied.project.settings
        outcome = run_days(definitions, instance, settings, "tables", (LAST, LAST), print, ["event_funnel"])
        assert not outcome.success
        assert not outcome.checks["event_funnel:funnel_adds_up_to_the_line"][0]
        prints = copied.warehouse.read("SELECT fingerprint FROM event_funnel WHERE source_day = '2025-09-20'")
        assert prints["fingerprint"].to_list() == [None]


def write_an_address(monkeypatch):
    profile = item_profiles.profile_items

    def with_address(*given):
        frame = profile(*given)
        said = [json.dumps(json.loads(text) | {"summary": "Ask jane.doe@example.com"}) for text in frame["profile"]]
        return frame.with_columns(pl.Series("profile", said))

    monkeypatch.setattr(item_profiles, "profile_items", with_address)


def weaken_sasrec(monkeypatch):
    train = retrievers.train

    def weak(name, *given):
        trained = train(name, *given)
        if name == "sasrec":
            trained.score, trained.baseline = np.zeros(30), np.ones(30)
        return trained

    monkeypatch.setattr(retrievers, "train", weak)


def collapse_texts(monkeypatch):
    same = np.full((1, 4), 0.5, dtype=np.float32)
    encode = lambda self, warehouse, texts: (np.repeat(same, len(texts), axis=0), 0)  # noqa: E731
    monkeypatch.setattr(CachedTextEncoder, "encode", encode)


def lose_neighbours(monkeypatch):
    found = ann_indexes.index_that_finds
    monkeypatch.setattr(ann_indexes, "index_that_finds", lambda *given: found(*given)._replace(recall=0.5))


def recommend_what_was_seen(monkeypatch):
    explain = recommendations.explain

    def seen(graph, warehouse, store, day, lists):
        frame = explain(graph, warehouse, store, day, lists)
        history = pl.col("because_of").list.first()
        return frame.with_columns(pl.when(history.is_not_null()).then(history).otherwise("item_id").alias("item_id"))

    monkeypatch.setattr(recommendations, "explain", seen)


CASES = {
    "profiles and a retriever": (
        [write_an_address, weaken_sasrec],
        {"item_profiles:item_profiles_hold_no_personal_data", "sasrec:sasrec_is_not_worse_than_recent_popularity"},
        {"ease", "popularity", "recent_popularity"},
        {"user_profiles", "item_text_embeddings", "sasrec_index", "item_embeddings", "candidates", "ranking_dataset"},
    ),
    "embeddings and an index": (
        [collapse_texts, lose_neighbours],
        {
            "item_text_embeddings:text_vectors_are_finite_unit_and_distinct",
            "sasrec_index:sasrec_index_finds_what_exact_search_finds",
        },
        {"user_profiles", "sasrec", "item_embeddings"},
        {"candidates", "ranking_dataset", "lambdarank", "recommendations"},
    ),
    "ranking": (
        [recommend_what_was_seen],
        {"recommendations:recommendations_keep_their_suite"},
        {"candidates", "lambdarank", "recommendations"},
        {"metrics", "evaluation_report"},
    ),
}


class TestLearning:
    """The newest as-of day, learned again in a shop whose release is of the same day."""

    @pytest.fixture(scope="class")
    def shop(self, built, tmp_path_factory):
        shop = built.copy(tmp_path_factory.mktemp("stopping") / "copy")
        shop.sql("DELETE FROM fingerprints WHERE stage = 'release'")
        return shop

    @pytest.mark.parametrize("case", CASES)
    def test_a_failing_check_stops_what_follows(self, built, shop, monkeypatch, case):
        plants, expected, still_made, never_made = CASES[case]
        for plant in plants:
            plant(monkeypatch)
        line, failed, made = failing_build(shop)
        assert failed == expected
        assert any(name in line for name in expected) and "blocking check" in line
        assert still_made <= made
        assert not made & (never_made | {"release"})
        assert shop.newest_release() == built.newest_release()

    def test_a_worse_metric_keeps_the_old_release(self, built, shop):
        released = built.warehouse.read("SELECT metrics FROM releases")["metrics"][0]
        better = [row | {"value": 0.99} if row["metric"] == "recall" else row for row in json.loads(released)]
        shop.sql(f"UPDATE releases SET metrics = '{json.dumps(better)}'")
        line, failed, made = failing_build(shop)
        assert failed == {"metrics:no_metric_fell_below_the_last_release"}
        assert "metrics:no_metric_fell_below_the_last_release" in line and "recall" in line
        assert {"recommendations", "metrics"} <= made and not made & {"evaluation_report", "release"}
        assert shop.newest_release().release_id == built.newest_release().release_id


class TestRelease:
    """The release asset alone, started when something else went wrong before."""

    @staticmethod
    def release(shop, day=LAST):
        definitions, instance = shop.definitions(), shop.instance()
        return run_days(definitions, instance, shop.project.settings, LEARNING_JOB, day, print, ["release"])

    @staticmethod
    def report_check(shop, asset, name, passed, day=None, severity=dg.AssetCheckSeverity.ERROR):
        """Let a check report in a run of its own, of an as-of day or of none."""
        spec = dg.AssetCheckSpec(name, asset=asset)

        @dg.op(out={})
        def report(context):
            context.log_event(
                dg.AssetCheckEvaluation(
                    asset_key=dg.AssetKey(asset), check_name=name, passed=passed, severity=severity, metadata={}
                )
            )

        @dg.job(tags={"dagster/partition": str(day)} if day else {})
        def checking():
            report()

        assert checking.execute_in_process(instance=shop.instance()).success and spec

    def test_it_is_written_when_all_passed(self, copied):
        assert self.release(copied).success
        assert copied.warehouse.read("SELECT count(*) AS n FROM releases")["n"][0] == 2

    def test_it_is_refused_when_a_check_failed_in_another_run(self, built, copied):
        self.report_check(copied, "core_events", "core_events_are_unique", passed=False)
        outcome = self.release(copied)
        assert not outcome.success
        assert "core_events:core_events_are_unique (failed)" in outcome.failures[0][1]
        assert copied.newest_release() == built.newest_release()

    def test_a_warning_is_no_refusal(self, copied):
        warning = dg.AssetCheckSeverity.WARN
        self.report_check(copied, "core_events", "core_events_are_unique", passed=False, severity=warning)
        assert self.release(copied).success

    def test_it_is_refused_when_a_check_never_ran(self, built, copied):
        storage = copied.instance().event_log_storage
        with storage.index_connection() as connection:
            sql = "DELETE FROM asset_check_executions WHERE check_name = 'every_active_user_has_a_list'"
            assert connection.execute(sqlalchemy.text(sql)).rowcount
            connection.commit()
        outcome = self.release(copied)
        assert not outcome.success
        assert "recommendations:every_active_user_has_a_list (never)" in outcome.failures[0][1]
        assert copied.newest_release() == built.newest_release()

    def test_another_as_of_day_says_nothing_of_this_one(self, copied):
        """As-of days are backfilled side by side: the newest result may be another day's."""
        check = ("recommendations", "every_active_user_has_a_list")
        self.report_check(copied, *check, passed=False, day=NEXT)
        assert self.release(copied).success
        self.report_check(copied, *check, passed=False, day=LAST)
        self.report_check(copied, *check, passed=True, day=NEXT)
        assert not self.release(copied).success
        assert not self.release(copied, dt.date(2025, 9, 16)).success, "no check has run for this day"
