import datetime as dt
import os
import shutil
from pathlib import Path

import pytest
from visits import BOTH

from resources.lake_upkeep import Usage, expire_snapshots, merge_files, remove_files, usage_of
from resources.snapshots import snapshots_of
from resources.warehouse import Warehouse

pytestmark = pytest.mark.slow

FAR_AWAY, ONE_DAY = dt.date(2100, 1, 1), dt.timedelta(days=1)
TABLE = "SELECT * FROM t ORDER BY ALL"


@pytest.fixture
def lake(warehouse, commit) -> Warehouse:
    """A table in small files: days that came one by one, one written anew, a column that came, a few rows gone."""
    commit("CREATE TABLE t (day INT, n INT)")
    for day in range(6):
        commit(f"INSERT INTO t SELECT {day}, range FROM range(1000)")
    commit("DELETE FROM t WHERE day = 2", "INSERT INTO t SELECT 2, range * 2 FROM range(1000)")
    commit("ALTER TABLE t ADD COLUMN seen BOOLEAN")
    for day in range(6, 9):
        commit(f"INSERT INTO t SELECT {day}, range, true FROM range(1000)")
    commit("DELETE FROM t WHERE n % 7 = 0 AND day < 4")
    commit("INSERT INTO t VALUES (9, 1, false)")
    return warehouse


def states(warehouse: Warehouse) -> dict[int, list[tuple]]:
    numbers = [made.number for made in snapshots_of(warehouse).kept]
    return {number: warehouse.read(TABLE, snapshot=number).rows() for number in numbers if number}


def stray(lake: Warehouse, age_seconds: float) -> Path:
    """What a writer leaves behind that is killed before it commits."""
    file = Path(lake.data_path) / "main" / "t" / f"ducklake-{age_seconds:.0f}.parquet"
    file.write_bytes(b"half a file")
    time = dt.datetime.now().timestamp() - age_seconds
    os.utime(file, (time, time))
    return file


class TestExpiry:
    @BOTH
    def test_old_ones_expire_and_those_to_keep_and_the_newest_stay(self, lake: Warehouse):
        before = states(lake)
        newest = lake.snapshot()
        gone = expire_snapshots(lake, dt.datetime(2100, 1, 1), keep={4, 8})
        assert sorted(gone) == sorted(set(range(newest)) - {4, 8})
        assert states(lake) == {number: before[number] for number in (4, 8, newest)}

    def test_young_ones_stay(self, lake: Warehouse, set_times):
        set_times({3: "2020-01-01 00:00:00", 5: "2020-01-01 00:00:00"})
        assert expire_snapshots(lake, dt.datetime(2020, 1, 2), keep={3}) == [5]
        assert expire_snapshots(lake, dt.datetime(2020, 1, 2), keep={3}) == []

    def test_it_leaves_the_files(self, lake: Warehouse):
        before = usage_of(lake)
        expire_snapshots(lake, dt.datetime(2100, 1, 1), keep=set())
        assert usage_of(lake) == before


class TestMerging:
    def test_every_state_stays_as_it_was(self, lake: Warehouse):
        before = states(lake)
        merged, made = merge_files(lake)
        assert merged > made >= 1
        newest = lake.snapshot()
        assert states(lake) == before | {newest: before[newest - 1]}

    def test_without_anything_to_merge_there_is_no_new_snapshot(self, lake: Warehouse):
        merge_files(lake)
        before = lake.snapshot()
        assert merge_files(lake) == (0, 0)
        assert lake.snapshot() == before


class TestFiles:
    @BOTH
    def test_what_no_kept_state_needs_is_removed_and_the_kept_states_can_be_read(self, lake: Warehouse):
        before, files = states(lake), usage_of(lake)
        expire_snapshots(lake, dt.datetime(2100, 1, 1), keep={4, 8})
        merge_files(lake)
        remove_files(lake, FAR_AWAY)
        after = states(lake)
        assert usage_of(lake).n_files < files.n_files
        assert after[4] == before[4]
        assert after[8] == before[8]
        assert after[lake.snapshot()] == before[max(before)]

    def test_files_that_became_needless_today_stay_today(self, lake: Warehouse):
        before = usage_of(lake).n_files
        expire_snapshots(lake, dt.datetime(2100, 1, 1), keep=set())
        _, made = merge_files(lake)
        day = dt.datetime.now(dt.UTC).date()
        remove_files(lake, day)
        assert usage_of(lake).n_files == before + made
        remove_files(lake, day + ONE_DAY)
        assert usage_of(lake).n_files < before

    def test_a_removal_that_was_killed_is_finished(self, lake: Warehouse):
        expire_snapshots(lake, dt.datetime(2100, 1, 1), keep={4})
        merge_files(lake)
        with lake.connect() as connection:
            sql = "CALL ducklake_cleanup_old_files('lake', cleanup_all => true, dry_run => true)"
            listed = [Path(row[0]) for row in connection.execute(sql).fetchall()]
        assert len(listed) > 2
        listed[0].unlink()
        before = states(lake)
        remove_files(lake, FAR_AWAY)
        assert not any(file.exists() for file in listed)
        assert states(lake) == before

    @BOTH
    def test_what_a_killed_writer_left_is_removed_once_it_is_old(self, lake: Warehouse):
        old, young = stray(lake, 3 * 86_400), stray(lake, 86_400)
        before = states(lake)
        remove_files(lake, dt.datetime.now(dt.UTC).date() - ONE_DAY)
        assert not old.exists()
        assert young.exists()
        assert states(lake) == before

    def test_nothing_of_a_lake_that_was_moved_is_taken_for_left_behind(self, lake: Warehouse, tmp_path: Path):
        before = states(lake)
        moved = tmp_path / "elsewhere"
        moved.mkdir()
        for path in (lake.catalog_path, lake.data_path):
            shutil.move(path, moved)
        there = Warehouse(catalog_path=str(moved / "catalog.sqlite"), data_path=str(moved / "data"))
        remove_files(there, FAR_AWAY)
        assert states(there) == before


def test_usage_counts_what_lies_on_disk(warehouse):
    assert usage_of(warehouse) == Usage(0, 0)
