"""kill -9 at any moment of a write of the raw tables: each is the old one or the new one, together, and work goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from day_writer import DAY, spelled, write

from resources.warehouse import Warehouse

SEED, KILLS, N_ROWS = 20250921, 50, 2000
LONGEST_SECONDS = 0.3
"""A write takes a tenth of a second on a quiet machine; the next begins at once, so that every kill meets one."""
OTHER_DAY = DAY.replace(day=1)
TABLES = ("raw_events", "rejected_events", "source_files")
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


def contents(warehouse: Warehouse) -> list[tuple[str, str]]:
    """The rows of each table as a digest, the other day's included."""
    return [(name, warehouse.digest(name)) for name in TABLES]


@pytest.fixture
def expected(lake, tmp_path_factory):
    """What a lake holds after a write that nobody disturbed."""
    undisturbed = lake(tmp_path_factory.mktemp("undisturbed"))
    write(undisturbed, 0, N_ROWS, OTHER_DAY)

    def after(number: int) -> list[tuple[str, str]]:
        write(undisturbed, number, N_ROWS)
        return contents(undisturbed)

    return after


def test_fifty_kills_leave_the_old_tables_or_the_new_ones(warehouse, nursery, expected):
    chance, outcomes, last = random.Random(SEED), Counter(), 1
    write(warehouse, last, N_ROWS)
    for _ in range(KILLS):
        at = kill_a_writer(nursery, last + 1, chance.uniform(0, LONGEST_SECONDS))
        found = contents(warehouse)
        outcome = {str(expected(at - 1)): "old", str(expected(at)): "new"}.get(str(found))
        assert outcome, f"after a kill in write {at} the tables are neither those of {at - 1} nor of {at}: {found}"
        outcomes[outcome] += 1
        last = at + 1
        write(warehouse, last, N_ROWS)
        assert contents(warehouse) == expected(last)
    print(dict(outcomes), f"{last} writes")
    assert outcomes["old"] > 0
