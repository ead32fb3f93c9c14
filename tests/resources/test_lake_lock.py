import threading
import time
from pathlib import Path

import pytest
from visits import BOTH

from models.errors import UserError


@pytest.fixture
def writer(warehouse, commit):
    """A thread that will write a row."""
    commit("CREATE TABLE t (n INT)")
    return threading.Thread(target=commit, args=["INSERT INTO t VALUES (1)"])


def count(warehouse) -> int:
    return warehouse.read("SELECT count(*) AS n FROM t")["n"][0]


@BOTH
def test_a_writer_waits_for_upkeep_and_a_reader_does_not(warehouse, writer):
    with warehouse.alone():
        writer.start()
        time.sleep(0.5)
        assert count(warehouse) == 0
    writer.join(20)
    assert count(warehouse) == 1


@BOTH
def test_upkeep_waits_for_a_writer(warehouse):
    impatient = warehouse.alone(patience_seconds=0.3)
    with warehouse.writing(), pytest.raises(UserError, match="something has been writing to the lake for 0 s"):
        impatient.__enter__()
    with warehouse.alone(patience_seconds=0.3):
        pass


@BOTH
def test_a_connection_that_may_write_keeps_upkeep_away_and_one_that_reads_does_not(warehouse, commit):
    commit("CREATE TABLE t (n INT)")
    with warehouse.connect(read_only=True) as reader, warehouse.alone(patience_seconds=0):
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    entered = False
    with warehouse.connect(), pytest.raises(UserError), warehouse.alone(patience_seconds=0):
        entered = True
    assert not entered


@BOTH
def test_upkeep_itself_writes_and_several_writers_go_side_by_side(warehouse, commit):
    commit("CREATE TABLE t (n INT)")
    with warehouse.alone():
        commit("INSERT INTO t VALUES (1)")
    with warehouse.writing(), warehouse.writing():
        commit("INSERT INTO t VALUES (2)")
    assert count(warehouse) == 2


@BOTH
def test_the_lock_of_another_lake_is_another_lock(warehouse, tmp_path: Path):
    other = {"schema_name": "other"} if warehouse.postgres else {"catalog_path": str(tmp_path / "other" / "c.sqlite")}
    with warehouse.alone():
        with warehouse.model_copy(update=other).alone(patience_seconds=0):
            entered = True
        again = warehouse.alone(patience_seconds=0)
        with pytest.raises(UserError):
            again.__enter__()
    assert entered
