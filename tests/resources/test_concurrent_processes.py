"""Several processes at the same lake."""

import multiprocessing
import subprocess
import sys
from pathlib import Path

import polars as pl
from visits import BOTH, day

from resources.warehouse import Warehouse

WRITERS = Path(__file__).with_name("concurrent_writers.py")


def start(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(WRITERS), *map(str, arguments)])


def _round(number: int) -> pl.DataFrame:
    return pl.DataFrame({"writer": [0] * 500, "n": [number] * 500, "day": [day(1)] * 500})


class TestSeveralProcesses:
    @BOTH
    def test_three_writers_from_nothing_lose_nothing(self, warehouse: Warehouse, spelled: str):
        writers = [start("append", spelled, writer, 4) for writer in range(3)]
        assert [writer.wait(timeout=120) for writer in writers] == [0] * 3
        found = warehouse.read("SELECT writer, n FROM t ORDER BY ALL").rows()
        assert found == [(writer, number) for writer in range(3) for number in range(4)]

    @BOTH
    def test_readers_see_the_old_or_the_new_day_never_half(self, warehouse: Warehouse, spelled: str):
        columns = {"writer": ("BIGINT", "w"), "n": ("BIGINT", "n"), "day": ("DATE", "d")}
        warehouse.ensure_table("t", columns, "x")
        warehouse.replace_days("t", "day", day(1), day(1), _round(0))
        writer = start("replace", spelled, 12, 500)
        seen = []
        while writer.poll() is None:
            seen += warehouse.read("SELECT count(*), min(n), max(n) FROM t").rows()
        assert writer.returncode == 0
        assert {count for count, _, _ in seen} == {500}
        assert all(low == high for _, low, high in seen)
        assert sorted(low for _, low, _ in seen) == [low for _, low, _ in seen]
        assert len({low for _, low, _ in seen}) > 1, "the reader must have run beside the writer"
        assert warehouse.read("SELECT max(n) AS n FROM t")["n"].to_list() == [12]

    @BOTH
    def test_a_forked_process_opens_its_own(self, table: Warehouse):
        table.read("SELECT 1")
        pipe, other = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        child = context.Process(target=lambda: other.send(table.read("SELECT count(*) FROM visits").row(0)))
        child.start()
        assert pipe.poll(60)
        assert pipe.recv() == (0,)
        child.join(20)
        assert child.exitcode == 0
