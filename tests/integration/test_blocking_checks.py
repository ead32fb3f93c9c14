"""A planted violation of each blocking check of the graph makes it fail; a check without one fails the first test.

Checks with an op of their own and dbt's tests are run on damaged tables, checks inside an asset's op are called with
what the op would give them.
"""

import datetime as dt
import json
import os

import dagster as dg
import numpy as np
import polars as pl
import pytest

from assets.embeddings import retrievers, text_vectors
from assets.evaluation import checks as evaluation
from assets.events import source_schemas
from assets.fingerprints import recorded_fingerprint
from assets.indexes import ann_indexes
from assets.maintenance import maintenance
from assets.maintenance.released_tables import released_tables, releases_of
from assets.profiles import checks as profiles
from assets.profiles import quality_checks
from assets.ranking import rankers
from assets.tables.dbt_models import dbt_environment, dbt_variables
from models.events.files import SourceFile
from models.quality.schema_drift import Drift
from models.retrieval.contract import FitReport
from pipelines.dbt_manifest import DBT_FOLDER

LAST = dt.date(2025, 9, 20)
USER = "(SELECT min(user_id) FROM recommendations)"
LISTS = f"UPDATE recommendations SET {{}} WHERE as_of_day = '2025-09-20' AND user_id = {USER}"
SEEN = f"(SELECT min(item_id) FROM core_interactions WHERE user_id = {USER})"
# Five more weeks like the first three, busy enough to be judged; in the last days every event is a cart.
WEEKS = """INSERT INTO {0} SELECT e.* REPLACE ((e.source_day + (7 * w)::INTEGER)::DATE AS source_day)
    FROM {0} AS e, range(1, 6) AS weeks(w), range(5);
    UPDATE {0} SET event_type = 'cart' WHERE source_day >= '2025-10-14'"""
OWN_OP = [
    ("raw_events:raw_events_are_like_the_trailing_weeks", WEEKS.format("raw_events")),
    ("core_events:core_events_are_like_the_trailing_weeks", WEEKS.format("core_events")),
    ("raw_events:accepted_and_rejected_are_all_lines", "DELETE FROM raw_events WHERE source_line = 5"),
    ("raw_events:accepted_and_rejected_are_all_lines", "UPDATE source_files SET n_lines = n_lines + 1"),
    ("raw_events:accepted_and_rejected_are_all_lines", "UPDATE source_files SET n_further = n_further + 1"),
    ("raw_events:raw_events_have_their_columns", "ALTER TABLE raw_events ADD COLUMN extra INTEGER"),
    ("raw_events:raw_events_keep_their_suite", "UPDATE raw_events SET position = 0 WHERE source_line = 5"),
    ("raw_events:raw_events_keep_their_suite", "UPDATE raw_events SET event_type = 'dance' WHERE source_line = 5"),
    (
        "raw_events:volume_is_like_the_trailing_weeks",
        "UPDATE source_files SET n_accepted = n_accepted * 9 WHERE source_day = '2025-09-20'",
    ),
    (
        "raw_events:volume_is_like_the_trailing_weeks",
        "UPDATE source_files SET n_accepted = n_accepted // 9 WHERE source_day = '2025-09-18'",
    ),
    (
        "rejected_events:rejected_share_is_small",
        "INSERT INTO rejected_events SELECT r.* FROM rejected_events AS r, range(200)",
    ),
    ("event_funnel:funnel_adds_up_to_the_line", "UPDATE event_funnel SET n_kept = n_kept - 1 WHERE n_kept > 0"),
    ("event_funnel:funnel_adds_up_to_the_line", "UPDATE event_funnel SET n_rejected = n_rejected + 1"),
    ("event_funnel:funnel_adds_up_to_the_line", "UPDATE event_funnel SET n_further = n_further + 1"),
    ("recommendations:recommendations_keep_their_suite", LISTS.format(f"item_id = {SEEN}") + " AND rank = 1"),
    ("recommendations:recommendations_keep_their_suite", LISTS.format("item_id = 'unknown'") + " AND rank = 1"),
    (
        "recommendations:recommendations_keep_their_suite",
        "UPDATE core_item_versions SET is_available = false",
    ),
    ("recommendations:recommendations_keep_their_suite", LISTS.format("rank = rank + 1")),
    ("recommendations:recommendations_keep_their_suite", LISTS.format("score = 'nan'::DOUBLE")),
    (
        "recommendations:every_active_user_has_a_list",
        f"DELETE FROM recommendations WHERE user_id = {USER}",
    ),
]
DOUBLED = "INSERT INTO {0} SELECT * FROM {0}"
CATALOGUE_DAY = "INSERT INTO stg_catalogue_days VALUES ('2025-09-01', 0, true, NULL)"
DBT = {
    "stg_events:staged_lines_are_unique": "INSERT INTO stg_events SELECT * FROM stg_events",
    "stg_events:staged_events_are_well_formed": "UPDATE stg_events SET propensity = 2 WHERE source_line = 5",
    "stg_items:staged_items_are_unique": "INSERT INTO stg_items SELECT * FROM stg_items",
    "core_events:core_events_are_unique": "INSERT INTO core_events SELECT * FROM core_events",
    "filtered_events:filtered_lines_are_unique": "INSERT INTO filtered_events SELECT * FROM filtered_events",
    "core_sessions:sessions_are_unique": "INSERT INTO core_sessions SELECT * FROM core_sessions",
    "core_sessions:sessions_are_well_formed": "UPDATE core_sessions SET ended_at = started_at - INTERVAL 1 DAY",
    "stg_catalogue_days:catalogue_days_are_unique": f"{CATALOGUE_DAY}, ('2025-09-01', 1, true, NULL)",
    "stg_catalogue_days:catalogue_days_are_well_formed": CATALOGUE_DAY,
    "core_item_days:days_of_items_are_unique": "INSERT INTO core_item_days SELECT * FROM core_item_days",
    "core_item_versions:item_versions_are_unique": "INSERT INTO core_item_versions SELECT * FROM core_item_versions",
    "core_item_versions:item_versions_are_well_formed": "UPDATE core_item_versions SET stock = 0",
    "core_item_versions:item_versions_follow_each_other": "UPDATE core_item_versions SET valid_to = valid_from",
    "core_user_days:days_of_users_are_unique": "INSERT INTO core_user_days SELECT * FROM core_user_days",
    "core_user_versions:user_versions_are_unique": "INSERT INTO core_user_versions SELECT * FROM core_user_versions",
    "core_user_versions:user_versions_follow_each_other": "UPDATE core_user_versions SET is_current = false",
    "feat_user_category_daily:user_category_days_are_unique": DOUBLED.format("feat_user_category_daily"),
    "feat_user_category_daily:user_category_days_are_well_formed": "UPDATE feat_user_category_daily SET weight = 0",
    "feat_user_hour_daily:user_hours_are_unique": DOUBLED.format("feat_user_hour_daily"),
    "feat_user_hour_daily:user_hours_are_well_formed": "UPDATE feat_user_hour_daily SET hour_of_day = 24",
    "core_items:core_items_are_unique": "INSERT INTO core_items SELECT * FROM core_items",
    "core_users:core_users_are_unique": "INSERT INTO core_users SELECT * FROM core_users",
    "core_users:core_users_are_well_formed": "UPDATE core_users SET n_events = 0",
    "core_interactions:interactions_are_unique": "INSERT INTO core_interactions SELECT * FROM core_interactions",
    "core_interactions:interactions_are_well_formed": "UPDATE core_interactions SET weight = 0",
    "core_interactions:interactions_are_with_known_items": "UPDATE core_interactions SET item_id = 'unknown'",
    "core_impressions:impressions_are_unique": "INSERT INTO core_impressions SELECT * FROM core_impressions",
    "core_impressions:impressions_are_well_formed": "UPDATE core_impressions SET click_event_at = event_at - INTERVAL 1 DAY",
    "core_impressions:no_click_belongs_to_two_impressions": "UPDATE core_impressions SET click_event_id = 'one', "
    "click_event_day = event_day",
    "core_returns:returns_are_unique": "INSERT INTO core_returns SELECT * FROM core_returns",
    "core_returns:returns_are_well_formed": "UPDATE core_returns SET purchase_event_at = event_at + INTERVAL 1 DAY",
    "core_undone_interactions:undone_interactions_are_unique": "INSERT INTO core_undone_interactions "
    "SELECT * FROM core_undone_interactions",
    "core_undone_interactions:undone_interactions_are_well_formed": "UPDATE core_undone_interactions "
    "SET undone_on = event_day - 1",
    "feat_user_daily:user_days_are_unique": "INSERT INTO feat_user_daily SELECT * FROM feat_user_daily",
    "feat_user_daily:user_days_are_well_formed": "UPDATE feat_user_daily SET n_items = 999",
    "feat_user_daily:no_event_is_lost": "DELETE FROM core_events WHERE source_line = 5",
    "feat_item_daily:item_days_are_unique": "INSERT INTO feat_item_daily SELECT * FROM feat_item_daily",
    "feat_item_daily:item_days_are_well_formed": "UPDATE feat_item_daily SET weight = -1",
    "feat_item_daily:item_days_are_of_known_items": "UPDATE feat_item_daily SET item_id = 'unknown'",
}


@pytest.fixture(scope="module")
def run_check(built):
    """Runs one check that has an op of its own on a shop's tables, as the UI does; its evaluation."""
    definitions = built.definitions()

    def run(shop, name: str) -> dg.AssetCheckEvaluation:
        asset, check = name.split(":")
        result = dg.materialize(
            [*definitions.assets, *definitions.asset_checks],
            selection=dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey(asset), check)),
            resources={**definitions.resources, "warehouse": shop.warehouse},
            instance=shop.instance(),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        (evaluation,) = result.get_asset_check_evaluations()
        assert evaluation.check_name == check
        assert result.success == evaluation.passed, "a blocking check that fails must fail its step"
        return evaluation

    return run


def profile_violations(built, kind):
    """Check name -> the profiles with one violation in them."""
    good = built.warehouse.read(f"SELECT * FROM {kind}_profiles WHERE as_of_day = ? ORDER BY ALL", [LAST])
    first = pl.int_range(pl.len()) == 0

    def spoil(column, value):
        return good.with_columns(pl.when(first).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))

    personal = json.loads(good["profile"][0]) | {"summary": "Write to jane.doe@example.com"}
    private = json.loads(good["profile"][0]) | {"summary": "Probably a woman in her thirties."}
    of_users = {"user_profiles_infer_nothing_private": spoil("profile", json.dumps(private))}
    return good, (of_users if kind == "user" else {}) | {
        f"{kind}_profiles_are_valid": spoil("profile", "{}"),
        f"every_{kind}_has_a_profile": good[1:],
        f"{kind}_profiles_hold_no_personal_data": spoil("profile", json.dumps(personal)),
        f"{kind}_profiles_keep_their_suite": spoil("input_digest", "no digest"),
    }


class Index:
    """An index that holds a vector too few and answers with a position outside the vocabulary."""

    n_vectors = 9

    def search(self, queries, k):
        return np.array([[0, 12]]), np.zeros((1, 2))


def metric_rows(value: float, ci_high: float) -> pl.DataFrame:
    rows = {"ndcg": value, "ndcg_minus_recent_popularity": value - 0.5}
    return pl.DataFrame(
        {
            "model": "recommendations",
            "metric": list(rows),
            "k": 5,
            "slice": "all",
            "value": list(rows.values()),
            "ci_low": 0.0,
            "ci_high": [ci_high, ci_high - 0.5],
            "n_users": 9,
        }
    )


def user_profile_checks(rows, known):
    findings = profiles.UserFindings()
    findings.add(rows, known)
    return list(findings.results())


def in_op_results(built, damaged):
    """Check -> a result on a violation, of every check inside an asset's op."""
    results = {}
    for kind, column, run in (
        ("item", "item_id", profiles.item_profile_checks),
        ("user", "user_id", user_profile_checks),
    ):
        good, violations = profile_violations(built, kind)
        texts = built.warehouse.read("SELECT item_id, title, description, category, brand FROM core_items")
        known = good.select(column).join(texts, on=column, how="left") if kind == "item" else good.select(column)
        assert all(result.passed for result in run(good, known))
        for name, frame in violations.items():
            (result,) = (result for result in run(frame, known) if result.check_name == name)
            results[f"{kind}_profiles:{name}"] = result
    rows = built.warehouse.read("SELECT * FROM profile_quality")
    invented = rows.with_columns(value=pl.when(pl.col("metric") == "cited_events_exist").then(0.99).otherwise("value"))
    limits = built.project.settings.profiles.quality
    assert all(result.passed for result in quality_checks.quality_checks(rows, limits))
    (result,) = (
        one for one in quality_checks.quality_checks(invented, limits) if one.check_name == quality_checks.CITED
    )
    results[f"profile_quality:{quality_checks.CITED}"] = result
    dropped = (SourceFile(built.day_file(LAST), "day", LAST), Drift("dropped", "price", "was number", True))
    for asset in ("raw_events", "raw_items"):
        results[f"{asset}:{source_schemas.CHECK}"] = source_schemas.check_result(asset, [dropped], 1, True)
    damaged.sql("DELETE FROM item_text_embeddings WHERE item_id = (SELECT min(item_id) FROM item_text_embeddings)")
    for result in (
        text_vectors.check_vectors("item", np.full((20, 4), 0.5)),
        text_vectors.check_coverage("item", damaged.warehouse, LAST),
    ):
        results[f"item_text_embeddings:{result.check_name}"] = result
    for retriever in ("ease", "sasrec"):
        name = f"{retriever}_is_not_worse_than_recent_popularity"
        trained = retrievers.Trained(None, None, FitReport(), np.zeros(30), np.ones(30))
        results[f"{retriever}:{name}"] = retrievers.check(trained, name, "block")
    name = "sasrec_index_finds_what_exact_search_finds"
    results[f"sasrec_index:{name}"] = ann_indexes.check_recall(name, 0.9, 0.95, 10)
    name = "sasrec_index_holds_only_known_items"
    results[f"sasrec_index:{name}"] = ann_indexes.check_known(name, Index(), np.zeros((1, 4)), 2, 10)
    name = "lambdarank_is_not_worse_than_its_best_source"
    results[f"lambdarank:{name}"] = rankers.check(name, np.zeros(30), np.ones(30), "ease")
    results[f"metrics:{evaluation.GATE}"] = evaluation.check_gate(
        metric_rows(0.1, 0.2), metric_rows(0.5, 0.6), {"ndcg": 0.1}
    )
    results[f"metrics:{evaluation.BASELINE}"] = evaluation.check_baseline(metric_rows(0.1, 0.2))
    targets = built.warehouse.read("SELECT DISTINCT as_of_day FROM metrics")["as_of_day"].to_list()
    damaged.sql("UPDATE core_items SET first_seen_on = '2025-10-01'")
    leaked = evaluation.audit(damaged.warehouse, built.artifacts, targets)
    results[f"metrics:{evaluation.LEAKS}"] = evaluation.check_leaks(leaked)
    released = released_tables(built.warehouse, releases_of(built.warehouse))
    results[f"maintenance:{maintenance.CHECK}"] = maintenance.check_result(released, released.clear())
    return results


@pytest.fixture(scope="module")
def in_op(built, tmp_path_factory):
    return in_op_results(built, built.copy(tmp_path_factory.mktemp("checks") / "copy"))


def blocking_checks(shop) -> set[str]:
    graph = shop.definitions().resolve_asset_graph()
    return {key.to_user_string() for key in graph.asset_check_keys if graph.get(key).blocking}


def test_every_blocking_check_has_a_planted_violation(built, in_op):
    planted = {name for name, _ in OWN_OP} | set(DBT) | set(in_op)
    assert planted == blocking_checks(built)


def test_what_does_not_block(built):
    """An empty day may be right, a harder slice too; and what a log cannot tell of other policies is refused in a row."""
    names = {key.to_user_string() for key in built.definitions().resolve_asset_graph().asset_check_keys}
    assert names - blocking_checks(built) == {
        "raw_events:no_day_is_empty",
        "slice_findings:no_slice_is_worse_than_recent_popularity",
        "policy_values:weights_of_the_even_policy_average_one",
        *(f"profile_quality:{name}" for name in quality_checks.WORDS if name != quality_checks.CITED),
    }


def test_checks_inside_ops_fail(in_op):
    assert {name: bool(result.passed) for name, result in in_op.items() if result.passed} == {}
    for name, result in in_op.items():
        assert result.check_name == name.split(":")[1]
        assert result.severity == dg.AssetCheckSeverity.ERROR
        assert result.metadata, name


@pytest.mark.parametrize(("name", "damage"), OWN_OP, ids=[f"{name}-{n}" for n, (name, _) in enumerate(OWN_OP)])
def test_checks_with_an_op_fail(copied, run_check, name, damage):
    copied.sql(damage)
    evaluation = run_check(copied, name)
    assert not evaluation.passed
    assert evaluation.blocking and evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert evaluation.metadata
    if name.startswith("recommendations:"):
        recorded = recorded_fingerprint(copied.warehouse, "recommendations", LAST)
        assert recorded is None, "lists that fail a check count as not made"


def test_checks_with_an_op_pass_on_good_tables(copied, run_check):
    assert all(run_check(copied, name).passed for name in sorted({name for name, _ in OWN_OP}))
    assert recorded_fingerprint(copied.warehouse, "recommendations", LAST)


def test_dbt_tests_fail(copied):
    from dbt.cli.main import dbtRunner

    project, folder = copied.project, os.fspath(DBT_FOLDER)
    arguments = ["--quiet", "--no-write-json", "test", "--project-dir", folder, "--profiles-dir", folder]
    arguments += ["--exclude-resource-type", "unit_test", "--target-path", str(copied.folder / "target")]
    variables = dbt_variables(project.settings)
    os.environ.update(
        dbt_environment(project, dt.date(2025, 9, 1), LAST, [dt.date(2025, 9, 1) + dt.timedelta(n) for n in range(20)])
    )
    copied.sql(*DBT.values())
    result = dbtRunner().invoke([*arguments, "--vars", json.dumps(variables)])
    statuses = {node.node.name: str(node.status) for node in result.result}
    assert statuses == {name.split(":")[1]: "fail" for name in DBT}
