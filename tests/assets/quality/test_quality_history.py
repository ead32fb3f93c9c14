import datetime as dt
import json

import dagster as dg
import polars as pl
import pytest

from assets.quality.quality_history import COLUMNS, axes_of, days_of, record_missing, record_run
from assets.quality.suite_metadata import suite_metadata
from models.quality.expectations import Suite, between, not_null
from models.quality.run import run_suite
from resources.warehouse import Warehouse

DAYS = dg.DailyPartitionsDefinition("2025-09-01", end_date="2025-10-01")
MONTHS = dg.MonthlyPartitionsDefinition("2025-09-01", end_date="2025-12-01")
SUITE = Suite("numbers", ("n",), (not_null("n"), between("n", 0, 10, "numbers are small")))


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def numbers() -> None:
    """Three of them."""


@dg.asset_check(asset=numbers, name="share_is_small", blocking=True)
def share_is_small() -> dg.AssetCheckResult:
    metadata = {
        "share": 0.5,
        "reasons": dg.MetadataValue.json({"blank_line": 2}),
        "missing": dg.MetadataValue.json(["user_1", "user_2"]),
        "examples": dg.MetadataValue.md("| user_1 |"),
        "remedy": "Count them.",
        "limits": {"max_share": 0.2},
    }
    return dg.AssetCheckResult(passed=False, metadata=metadata)


@dg.asset_check(asset=numbers, name="numbers_keep_their_suite")
def numbers_keep_their_suite() -> dg.AssetCheckResult:
    result = run_suite(pl.DataFrame({"n": [1, 2, 30]}), SUITE)
    metadata = suite_metadata(result)
    return dg.AssetCheckResult(passed=result.success, severity=dg.AssetCheckSeverity.WARN, metadata=metadata)


@dg.asset(deps=[numbers], partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def after() -> None:
    """Never made: the check above it fails."""


DEFINITIONS = dg.Definitions(
    [numbers, after], asset_checks=[share_is_small, numbers_keep_their_suite], executor=dg.in_process_executor
)
AXIS_OF = axes_of(DEFINITIONS.resolve_asset_graph())


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    return Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(instance: dg.DagsterInstance, first: str = "2025-09-03", last: str = "2025-09-05") -> dg.DagsterRun:
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    job = DEFINITIONS.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    assert not result.success
    return instance.get_run_by_id(result.run_id)


def rows(warehouse: Warehouse, where: str) -> list[dict]:
    return warehouse.read(f"SELECT * FROM quality_history WHERE {where} ORDER BY expectation_number").to_dicts()


def test_a_blocking_check_that_stopped_the_run_is_there(instance, warehouse):
    done = run(instance)
    record_run(instance, warehouse, done, AXIS_OF)
    (row,) = rows(warehouse, "check_name = 'share_is_small'")
    assert (row["run_id"], row["asset"], row["kind"]) == (done.run_id, "numbers", "python")
    assert (row["passed"], row["severity"], row["blocking"]) == (False, "error", True)
    assert (row["first_day"], row["last_day"]) == (dt.date(2025, 9, 3), dt.date(2025, 9, 5))
    assert json.loads(row["limits"]) == {"max_share": 0.2}
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert now - dt.timedelta(minutes=5) < row["checked_at"] <= now


def test_numbers_and_counts_are_kept_and_examples_that_may_name_people_are_not(instance, warehouse):
    record_run(instance, warehouse, run(instance), AXIS_OF)
    (row,) = rows(warehouse, "check_name = 'share_is_small'")
    assert json.loads(row["measured"]) == {"share": 0.5, "reasons": {"blank_line": 2}}


def test_each_expectation_is_a_row_with_what_was_seen(instance, warehouse):
    record_run(instance, warehouse, run(instance), AXIS_OF)
    whole, large, null = rows(warehouse, "check_name = 'numbers_keep_their_suite'")
    assert {row["kind"] for row in (whole, large, null)} == {"great_expectations"}
    assert [row["passed"] for row in (whole, large, null)] == [False, False, True]
    assert {row["severity"] for row in (whole, large, null)} == {"warn"}
    assert (whole["expectation"], whole["measured"]) == (None, None)
    assert large["expectation"] == "expect_column_values_to_be_between"
    assert (large["column_name"], large["meaning"]) == ("n", "numbers are small")
    assert json.loads(large["limits"]) == {"min_value": 0, "max_value": 10}
    assert json.loads(large["measured"]) == {"observed": "1 of 3 unexpected (33.3 %)", "unexpected_count": 1}


def test_recording_again_changes_nothing_and_writes_nothing(instance, warehouse):
    done = run(instance)
    n_rows = record_run(instance, warehouse, done, AXIS_OF)
    before, snapshot = warehouse.digest("quality_history"), warehouse.snapshot()
    assert record_run(instance, warehouse, done, AXIS_OF) == n_rows
    assert record_missing(instance, warehouse, AXIS_OF) == 0
    assert (warehouse.digest("quality_history"), warehouse.snapshot()) == (before, snapshot)


def test_a_run_that_was_recorded_half_way_is_completed_not_doubled(instance, warehouse):
    done = run(instance)
    n_rows = record_run(instance, warehouse, done, AXIS_OF)
    warehouse.write(lambda connection: connection.execute("DELETE FROM quality_history WHERE kind = 'python'"))
    assert record_run(instance, warehouse, done, AXIS_OF) == n_rows
    assert warehouse.read("SELECT count(*) AS n FROM quality_history")["n"][0] == n_rows


def test_runs_that_nobody_recorded_are_found(instance, warehouse):
    first, second = run(instance), run(instance)
    record_run(instance, warehouse, second, AXIS_OF)
    assert record_missing(instance, warehouse, AXIS_OF) == 1
    assert set(warehouse.read("SELECT run_id FROM quality_history")["run_id"]) == {first.run_id, second.run_id}


def test_a_run_without_a_check_needs_no_table(instance, warehouse):
    result = dg.materialize([numbers], instance=instance, partition_key="2025-09-03")
    assert record_run(instance, warehouse, instance.get_run_by_id(result.run_id), AXIS_OF) == 0
    assert not warehouse.has_table("quality_history")


def test_every_column_is_described():
    assert all(meaning for _, meaning in COLUMNS.values())


@pytest.mark.parametrize(
    ("tags", "axis", "expected"),
    [
        ({"dagster/partition": "2025-09-03"}, DAYS, (dt.date(2025, 9, 3), dt.date(2025, 9, 3))),
        ({"dagster/partition": "2025-09-01"}, MONTHS, (dt.date(2025, 9, 1), dt.date(2025, 9, 30))),
        ({"dagster/partition": "2025-09-03"}, None, None),
        ({}, DAYS, None),
    ],
)
def test_the_days_are_those_of_the_assets_partitions(tags, axis, expected):
    assert days_of(tags, axis) == expected
