import datetime as dt
from types import SimpleNamespace

import dagster as dg
import polars as pl

from assets.partition_metadata import add_partition_metadata, partition_metadata

DAYS = SimpleNamespace(days=dg.DailyPartitionsDefinition("2025-01-01", end_date="2025-02-01"))
KEYS = ["2025-01-01", "2025-01-02", "2025-01-03"]


def rows(*days: int) -> pl.DataFrame:
    source_days = [dt.date(2025, 1, day) for day in days]
    return pl.DataFrame({"n": range(len(days)), "source_day": source_days}, schema_overrides={"source_day": pl.Date})


def test_each_day_has_its_own_rows_in_whatever_order_they_come():
    found = dict(partition_metadata(DAYS, KEYS, rows(3, 1, 3, 1, 1), lambda part: {"total": part["n"].sum()}))
    assert {key: shown["dagster/partition_row_count"] for key, shown in found.items()} == {
        KEYS[0]: 3,
        KEYS[1]: 0,
        KEYS[2]: 2,
    }
    assert {key: shown["total"] for key, shown in found.items()} == {KEYS[0]: 1 + 3 + 4, KEYS[1]: 0, KEYS[2]: 0 + 2}
    assert found["2025-01-02"]["preview"].md_str == "_no rows_"
    assert found["2025-01-03"]["preview"].md_str.splitlines()[2:] == ["| 0 | 2025-01-03 |", "| 2 | 2025-01-03 |"]


def test_a_month_has_the_rows_of_its_days():
    months = SimpleNamespace(days=dg.MonthlyPartitionsDefinition("2025-01-01", end_date="2025-03-01"))
    found = dict(partition_metadata(months, ["2025-01-01", "2025-02-01"], rows(1, 20, 31)))
    assert [shown["dagster/partition_row_count"] for shown in found.values()] == [3, 0]


def test_no_rows_at_all():
    ((_, shown),) = partition_metadata(DAYS, KEYS[:1], rows())
    assert shown["dagster/partition_row_count"] == 0


def test_dagster_shows_them_in_place_of_those_of_the_run():
    @dg.asset(partitions_def=DAYS.days, backfill_policy=dg.BackfillPolicy.single_run())
    def table(context: dg.AssetExecutionContext):
        add_partition_metadata(context, DAYS, "table", rows(1, 3, 3))
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": 3, "snapshot": 7})

    tags = {"dagster/asset_partition_range_start": KEYS[0], "dagster/asset_partition_range_end": KEYS[-1]}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([table], instance=instance, tags=tags)
    made = [event.materialization for event in result.get_asset_materialization_events()]
    counts = {one.partition: one.metadata["dagster/partition_row_count"].value for one in made}
    assert counts == {KEYS[0]: 1, KEYS[1]: 0, KEYS[2]: 2}
    assert {one.metadata["snapshot"].value for one in made} == {7}
