import threading
import time
from pathlib import Path

import pytest

from models.errors import UserError
from resources.lake_lock import alone, shared


@pytest.fixture
def writer(warehouse, commit):
    """A thread that will write a row."""
    commit("CREATE TABLE t (n INT)")
    return threading.Thread(target=commit, args=["INSERT INTO t VALUES (1)"])


def folder_of(warehouse) -> Path:
    return Path(warehouse.catalog_path).parent


def count(warehouse) -> int:
    return warehouse.read("SELECT count(*) AS n FROM t")["n"][0]


def test_a_writer_waits_for_upkeep_and_a_reader_does_not(warehouse, writer):
    with alone(folder_of(warehouse)):
        writer.start()
        time.sleep(0.5)
        assert count(warehouse) == 0
    writer.join(20)
    assert count(warehouse) == 1


def test_upkeep_waits_for_a_writer(warehouse):
    impatient = alone(folder_of(warehouse), patience_seconds=0.3)
    with warehouse.writing(), pytest.raises(UserError, match="something has been writing to the lake for 0 s"):
        impatient.__enter__()
    with alone(folder_of(warehouse), patience_seconds=0.3):
        pass


def test_a_connection_that_may_write_keeps_upkeep_away_and_one_that_reads_does_not(warehouse, commit):
    commit("CREATE TABLE t (n INT)")
    with warehouse.connect(read_only=True), alone(folder_of(warehouse), patience_seconds=0):
        pass
    with warehouse.connect(), pytest.raises(UserError), alone(folder_of(warehouse), patience_seconds=0):
        pytest.fail("beside a writer")


def test_upkeep_itself_writes_and_several_writers_go_side_by_side(warehouse, commit):
    commit("CREATE TABLE t (n INT)")
    with alone(folder_of(warehouse)):
        commit("INSERT INTO t VALUES (1)")
    with shared(folder_of(warehouse)), shared(folder_of(warehouse)):
        commit("INSERT INTO t VALUES (2)")
    assert count(warehouse) == 2


def test_the_lock_of_another_lake_is_another_lock(warehouse, tmp_path: Path):
    with alone(folder_of(warehouse)), alone(tmp_path / "other", patience_seconds=0):
        pass
