"""A disk that is full in the middle of a write: the tables are the old ones, a line says so, the next write works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from day_writer import spelled, write

from models.errors import UserError
from resources.warehouse import Warehouse

WRITER = Path(__file__).with_name("day_writer.py")
ROOM = 3 * 2**20
FEW, MANY = 20_000, 400_000
TABLES = ("raw_events", "rejected_events", "source_files")


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk; the limit on file sizes is tried instead")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def state(warehouse: Warehouse) -> tuple:
    files = sorted(Path(warehouse.data_path).rglob("*.parquet"))
    return warehouse.snapshot(), files, [warehouse.digest(name) for name in TABLES]


def numbers(warehouse: Warehouse) -> list[tuple]:
    return warehouse.read("SELECT source_file, count(*) FROM raw_events GROUP BY ALL").rows()


def test_a_full_disk(lake, small_disk: Path):
    warehouse = lake(small_disk)
    write(warehouse, 1, FEW)
    before = state(warehouse)
    with pytest.raises(UserError) as caught:
        write(warehouse, 2, MANY)
    mend = "Free some space, then run it again; the tables are as they were before."
    assert str(caught.value) == f"{warehouse.data_path}: No space left on device. {mend}"
    assert state(warehouse) == before, "half a file would keep the disk full"
    write(warehouse, 3, FEW)
    assert numbers(warehouse) == [("3", FEW)]


def test_a_limit_on_file_sizes(lake, tmp_path: Path):
    warehouse = lake(tmp_path)
    write(warehouse, 1, FEW)
    before = state(warehouse)
    command = [sys.executable, str(WRITER), "limited", spelled(warehouse), "2", str(MANY), str(ROOM)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"{warehouse.data_path}: File too large. Free some space")
    assert done.stderr.count("\n") == 1
    assert state(warehouse) == before
    write(warehouse, 3, FEW)
    assert numbers(warehouse) == [("3", FEW)]


def test_a_catalogue_that_cannot_grow(small_disk: Path):
    """The rows fit into the catalogue itself, which has no room left."""
    warehouse = Warehouse(catalog_path=str(small_disk / "catalog.sqlite"), data_path=str(small_disk / "data"))
    write(warehouse, 1, 5)
    before, filling = state(warehouse), small_disk / "filling"
    with filling.open("wb") as file:
        while os.statvfs(small_disk).f_bavail:
            file.write(bytes(4096))
            file.flush()
    with pytest.raises(UserError, match="Free some space"):
        for number in range(2, 100):  # The file has some room of its own.
            write(warehouse, number, 5)
            before = state(warehouse)
    filling.unlink()
    assert state(warehouse) == before
    write(warehouse, 100, 5)
    assert numbers(warehouse) == [("100", 5)]
