"""Costs of assets that ran in an instance of their own."""

import datetime as dt

import dagster as dg
import pytest

from assets.evaluation.costs import SCHEMA, asset_costs
from assets.graph import PARTITION_ROWS
from resources.artifact_store import ArtifactStore

DAY = dt.date(2025, 3, 2)
DAYS = dg.DailyPartitionsDefinition("2025-03-01")
N_ROWS = {"2025-03-01": 5, "2025-03-02": 7}


@dg.asset(partitions_def=DAYS)
def table(context) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={PARTITION_ROWS: N_ROWS[context.partition_key]})


@dg.asset(partitions_def=DAYS)
def broken(context) -> None:
    raise ValueError("not today")


@pytest.fixture
def store(tmp_path) -> ArtifactStore:
    return ArtifactStore(root=str(tmp_path / "artifacts"))


@pytest.fixture
def digest(store) -> str:
    return store.put("model", lambda folder: [(folder / name).write_bytes(b"x" * 50) for name in "ab"], {})


@pytest.fixture
def instance(digest):
    @dg.asset(partitions_def=DAYS)
    def model() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"digest": digest})

    with dg.instance_for_test() as instance:
        for key in N_ROWS:
            dg.materialize([table, model], instance=instance, partition_key=key)
        dg.materialize([broken], instance=instance, partition_key=str(DAY), raise_on_error=False)
        yield instance


def test_time_rows_and_size_of_each_asset(instance, store, digest):
    costs = asset_costs(instance, store, ["model", "table"], DAY)
    assert costs.schema == SCHEMA
    assert costs["started_at"].is_sorted()
    rows = {row["asset"]: row for row in costs.to_dicts()}
    n_bytes = store.n_bytes("model", digest)
    assert n_bytes > 100  # both files and the manifest
    assert (rows["model"]["n_rows"], rows["model"]["n_bytes"]) == (None, n_bytes)
    assert (rows["table"]["n_rows"], rows["table"]["n_bytes"]) == (7, None)
    assert all(0 < row["seconds"] < 60 for row in rows.values())


def test_the_newest_run_counts(instance, store):
    before = asset_costs(instance, store, ["table"], DAY)["started_at"][0]
    dg.materialize([table], instance=instance, partition_key=str(DAY))
    assert asset_costs(instance, store, ["table"], DAY)["started_at"][0] > before


def test_what_never_ended_has_no_cost(instance, store):
    assert asset_costs(instance, store, ["broken", "unknown"], DAY).is_empty()
    assert asset_costs(instance, store, ["table"], dt.date(2025, 3, 3)).is_empty()


def test_an_artifact_that_was_removed_has_no_size(instance, store):
    store.remove_unnamed(set(), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    assert asset_costs(instance, store, ["model"], DAY)["n_bytes"].to_list() == [None]
