"""kill -9 at any moment of a write of the raw tables: each is the old one or the new one, together, and work goes on."""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path

import duckdb
import pytest
from day_writer import DAY, frames_of, spelled, write

from resources.warehouse import Warehouse

pytestmark = pytest.mark.slow

SEED, N_ROWS = 20250921, 2000
KILLS = {"sqlite": 50, "postgres": 20}
OTHER_DAY = DAY.replace(day=1)
WRITER = Path(__file__).with_name("day_writer.py")


@pytest.fixture
def warehouse(lake, tmp_path: Path) -> Warehouse:
    """With a day that nobody writes again."""
    made = lake(tmp_path)
    write(made, 0, N_ROWS, OTHER_DAY)
    return made


@pytest.fixture
def nursery(warehouse: Warehouse):
    """Starts writers; see `day_writer.raise_writers`."""
    command = [sys.executable, str(WRITER), "raise", spelled(warehouse), str(N_ROWS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    yield process
    process.stdin.close()
    assert process.wait(60) == 0


def kill_a_writer(nursery: subprocess.Popen, first: int, seconds: float) -> int:
    """Start one and kill it so long after the beginning of its first write; the number of the write it was at."""
    nursery.stdin.write(f"{first}\n")
    pid = int(nursery.stdout.readline().removeprefix("pid "))
    assert nursery.stdout.readline() == f"begin {first}\n"
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    at = first
    while (line := nursery.stdout.readline()) != "gone\n":
        at = int(line.removeprefix("begin "))
    return at


ROWS = """SELECT source_day, count(*), sum(hash(event_id, user_id, price)::HUGEINT)::VARCHAR FROM {} GROUP BY ALL"""
OTHERS = """SELECT * FROM (SELECT 'rejected', source_day, source_file, count(*) FROM rejected_events GROUP BY ALL
    UNION ALL SELECT 'files', source_day, n_bytes::VARCHAR, count(*) FROM source_files GROUP BY ALL)"""


def contents(warehouse: Warehouse) -> set[tuple]:
    """What the three tables hold, both days."""
    with warehouse.connect(read_only=True) as connection:
        return {row for sql in (ROWS.format("raw_events"), OTHERS) for row in connection.execute(sql).fetchall()}


@cache
def expected(number: int, day: dt.date = DAY) -> frozenset[tuple]:
    """What they hold of a day after a write that nobody disturbed."""
    frame = frames_of(number, N_ROWS, day)["raw_events"].to_arrow()
    with duckdb.connect() as connection:
        rows = connection.register("frame", frame).execute(ROWS.format("frame")).fetchall()
    return frozenset([*rows, ("rejected", day, str(number), 1), ("files", day, str(number), 1)])


def test_killed_writes_leave_the_old_tables_or_the_new_ones(warehouse, nursery, request):
    kills = KILLS[request.node.callspec.params["lake"]]
    chance, outcomes, last = random.Random(SEED), Counter(), 1
    for _ in range(kills):
        began = time.monotonic()
        write(warehouse, last, N_ROWS)
        seconds = time.monotonic() - began
        assert contents(warehouse) == expected(last) | expected(0, OTHER_DAY), "the write after a kill"
        at = kill_a_writer(nursery, last + 1, chance.uniform(0, 2 * seconds))
        found = contents(warehouse) - expected(0, OTHER_DAY)
        outcome = {expected(at - 1): "old", expected(at): "new"}.get(frozenset(found))
        assert outcome, f"after a kill in write {at} the tables are neither those of {at - 1} nor of {at}: {found}"
        outcomes[outcome] += 1
        last = at + 1
    print(dict(outcomes), f"{last} writes")
    assert outcomes["old"] > 0
