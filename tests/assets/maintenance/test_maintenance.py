import datetime as dt
import os
import sqlite3
import subprocess
import sys
import threading
import time

import dagster as dg
import polars as pl
import pytest

from assets.maintenance.maintenance import CHECK, check_result, keep_up
from assets.maintenance.released_tables import released_tables, releases_of
from resources.code_version import ROOT
from resources.settings_sections import Maintenance
from resources.snapshots import snapshots_of

pytestmark = pytest.mark.slow

SETTINGS = Maintenance(keep_days=30, file_grace_days=1)
N_TABLES = 47  # At the snapshot of a release; its own row in `releases` comes after.
A_WEEK = dt.timedelta(days=7)
KILLED = """
import datetime as dt, os, signal, sys
from assets.maintenance import maintenance
from pipelines.storage import artifacts_of, warehouse_of
from resources.settings import load_project

def then_die(work):
    def run(*arguments):
        work(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    return run

config, step = sys.argv[1:]
setattr(maintenance, step, then_die(getattr(maintenance, step)))
project = load_project(config)
now = dt.datetime.now(dt.UTC) + dt.timedelta(days=7)
maintenance.keep_up(warehouse_of(project), artifacts_of(project), maintenance.Maintenance(), now)
"""


def make_old(shop, days: int = 60) -> None:
    """Every snapshot and artifact of the shop was made some weeks ago."""
    with sqlite3.connect(shop.project.catalog_path) as catalogue:
        (newest,) = catalogue.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()
        start = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        times = [(str(start + dt.timedelta(seconds=number)), number) for number in range(newest + 1)]
        catalogue.executemany("UPDATE ducklake_snapshot SET snapshot_time = ? WHERE snapshot_id = ?", times)
    catalogue.close()
    for manifest in shop.project.output.glob("artifacts/*/*/manifest.json"):
        os.utime(manifest, (start.timestamp(), start.timestamp()))


@pytest.fixture
def old(copied):
    """A shop that was built and released some weeks ago, most of whose tables were then written anew."""
    for table in ("core_items", "core_events", "recommendations"):
        copied.sql(f"DELETE FROM {table} WHERE hash({table}) % 3 = 0")
    copied.sql("CREATE TABLE other AS SELECT * FROM item_profiles", "DROP TABLE item_profiles")
    copied.sql("ALTER TABLE core_users ADD COLUMN later INT", "ALTER TABLE core_users DROP COLUMN country")
    make_old(copied)
    copied.sql("INSERT INTO core_items SELECT * FROM core_items LIMIT 1")
    return copied


@pytest.fixture
def unreleased(old):
    """The same without a release: nothing old needs to stay."""
    old.sql("DELETE FROM releases")
    return old


def numbers(shop) -> list[int]:
    return [made.number for made in snapshots_of(shop.warehouse).kept]


def contents(shop) -> pl.DataFrame:
    return released_tables(shop.warehouse, releases_of(shop.warehouse))


def upkeep(shop, settings: Maintenance = SETTINGS, after: dt.timedelta = A_WEEK) -> dict:
    return keep_up(shop.warehouse, shop.artifacts, settings, dt.datetime.now(dt.UTC) + after)


def run(shop):
    job = shop.definitions().resolve_job_def("upkeep")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(instance=shop.instance(), raise_on_error=False, run_config=quiet)


class TestWhatStays:
    def test_a_release_can_be_read_as_before_after_everything_else_has_gone(self, old):
        released, before, live = old.newest_release(), contents(old), old.digests(old.tables())
        assert before["table"].n_unique() == N_TABLES
        assert before["readable"].all()
        n_before = len(numbers(old))
        shown = upkeep(old)
        kept = numbers(old)
        assert released.snapshot in kept
        assert n_before == shown["snapshots_before"] > shown["snapshots_after"] == len(kept)
        assert shown["snapshots_kept_for_releases"].value == [released.snapshot]
        assert shown["files_after"] < shown["files_before"]
        assert shown["bytes_freed"] > 0
        assert contents(old).equals(before)
        assert old.digests(old.tables()) == live

    def test_consumers_are_served_from_a_lake_whose_files_were_cleaned(self, old):
        from pipelines.query import ask

        sql = "SELECT * FROM recommendations JOIN core_items USING (item_id) JOIN item_profiles USING (item_id) ORDER BY ALL"
        snapshot = old.newest_release().snapshot
        before = ask(old.warehouse, sql, snapshot)
        upkeep(old)
        assert before.height > 0
        assert ask(old.warehouse, sql, snapshot).equals(before)

    def test_every_release_counts_not_only_the_newest(self, old):
        first = old.newest_release().snapshot
        copy = "INSERT INTO releases SELECT * REPLACE ('second' AS release_id, {} AS snapshot) FROM releases"
        old.sql(copy.format(first - 10))
        upkeep(old)
        assert {first, first - 10} <= set(numbers(old))

    def test_young_snapshots_stay(self, old):
        young = old.warehouse.snapshot()
        upkeep(old, Maintenance(keep_days=30))
        assert young in numbers(old)
        upkeep(old, Maintenance(keep_days=90))
        assert young in numbers(old)

    def test_nothing_expires_before_its_days_are_over(self, old):
        before = numbers(old)
        assert upkeep(old, Maintenance(keep_days=90))["snapshots_expired"] == 0
        assert set(before) <= set(numbers(old))

    def test_files_stay_for_whoever_is_reading_them(self, old):
        shown = upkeep(old, after=dt.timedelta())
        merged = int(shown["files_merged"].split()[-1])
        assert shown["files_after"] == shown["files_before"] + merged
        assert upkeep(old, Maintenance(file_grace_days=8))["bytes_freed"] == 0
        assert upkeep(old, Maintenance(file_grace_days=6))["bytes_freed"] > 0

    def test_a_second_run_finds_nothing_to_do(self, old):
        upkeep(old)
        shown = upkeep(old)
        assert shown["snapshots_expired"] == shown["bytes_freed"] == shown["artifacts_removed"] == 0
        assert shown["files_merged"] == "0 into 0"


class TestArtifacts:
    def test_what_a_release_or_a_row_names_stays_and_the_rest_goes(self, old):
        released = old.newest_release().artifacts
        old.sql(f"DELETE FROM artifacts WHERE digest = '{released['ease']}'")
        rows = set(old.warehouse.read("SELECT asset, digest FROM artifacts").rows())
        dropped = next(digest for asset, digest in rows if asset == "ease")
        old.sql(f"DELETE FROM artifacts WHERE digest = '{dropped}'")
        assert upkeep(old)["artifacts_removed"] == 1
        assert not (old.project.output / "artifacts" / "ease" / dropped).exists()
        for asset, digest in (rows - {("ease", dropped)}) | set(released.items()):
            assert old.artifacts.get(asset, digest)

    def test_a_young_one_may_be_named_any_moment(self, unreleased):
        unreleased.sql("DELETE FROM artifacts")
        young = unreleased.artifacts.put("ease", lambda to: to.joinpath("w").write_text("new") and None, {})
        assert upkeep(unreleased)["artifacts_removed"] > 5
        assert unreleased.artifacts.get("ease", young)

    def test_one_that_is_put_again_is_young_again(self, unreleased):
        def fill(folder):
            folder.joinpath("w").write_text("same")

        digest = unreleased.artifacts.put("ease", fill, {})
        make_old(unreleased)
        assert unreleased.artifacts.put("ease", fill, {}) == digest
        upkeep(unreleased)
        assert unreleased.artifacts.get("ease", digest)


class TestCheck:
    def test_the_job_passes_and_says_what_it_did(self, old):
        done = run(old)
        assert done.success
        (made,) = done.get_asset_materialization_events()
        shown = {name: value.value for name, value in made.materialization.metadata.items()}
        assert shown["snapshots_expired"] > 60
        assert shown["snapshot"] == old.warehouse.snapshot()
        (check,) = done.get_asset_check_evaluations()
        assert (check.check_name, check.passed) == (CHECK, True)
        assert check.metadata["n_tables"].value == N_TABLES

    def test_it_fails_where_a_release_cannot_be_read(self, old):
        with sqlite3.connect(old.project.catalog_path) as catalogue:
            snapshot = old.newest_release().snapshot
            catalogue.execute("DELETE FROM ducklake_snapshot WHERE snapshot_id = ?", [snapshot])
        catalogue.close()
        done = run(old)
        assert not done.success
        (check,) = done.get_asset_check_evaluations()
        assert not check.passed
        assert check.severity == dg.AssetCheckSeverity.ERROR
        (words,) = check.metadata["cannot_be_read"].value.values()
        assert f"No snapshot found at version {snapshot}" in words

    def test_a_missing_file_shows(self, old):
        before = contents(old)
        files = (old.project.data_path / "main" / "metrics").rglob("*.parquet")
        next(files).unlink()
        after = contents(old)
        assert not after["readable"].any()
        assert not check_result(before, after).passed

    @pytest.mark.parametrize(
        "change",
        [
            lambda frame: frame.filter(pl.col("table") != "metrics"),
            lambda frame: frame.with_columns(contents=pl.col("contents") + "1"),
            lambda frame: frame.clear(),
        ],
    )
    def test_it_fails_where_a_released_table_holds_something_else(self, built, change):
        before = contents(built)
        assert check_result(before, before).passed
        assert not check_result(before, change(before)).passed

    def test_it_is_no_part_of_what_a_release_waits_for(self, built):
        (row,) = built.warehouse.read("SELECT checks FROM releases")["checks"]
        assert "maintenance" not in row


@pytest.mark.parametrize("step", ["expire_snapshots", "merge_files", "remove_files"])
def test_after_a_kill_the_next_run_ends_the_same(old, step: str):
    before = contents(old)
    command = [sys.executable, "-c", KILLED, str(old.project.path), step]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    assert contents(old).equals(before)
    upkeep(old)
    assert contents(old).equals(before)
    assert upkeep(old)["bytes_freed"] == 0


def test_it_waits_for_writers(old):
    before = numbers(old)
    work = threading.Thread(target=upkeep, args=[old])
    with old.warehouse.writing():
        work.start()
        time.sleep(1)
        assert numbers(old) == before
    work.join(60)
    assert len(numbers(old)) < len(before)


def test_writers_beside_it_lose_nothing(old):
    n_writes, warehouse = 20, old.warehouse
    old.sql("CREATE TABLE beside (n INT)")

    def write():
        for number in range(n_writes):
            warehouse.write(
                lambda connection, number=number: connection.execute(f"INSERT INTO beside VALUES ({number})")
            )

    writer = threading.Thread(target=write)
    writer.start()
    upkeep(old)
    writer.join(60)
    assert warehouse.read("SELECT count(DISTINCT n) AS n FROM beside")["n"][0] == n_writes
