"""A disk that is full in the middle of a write: the table is the old one, one line says so, and the next write works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resources.warehouse import Warehouse

WRITER = Path(__file__).with_name("day_writer.py")
ROOM = 3 * 2**20


@pytest.fixture(params=["sqlite", "postgres"])
def lake(request: pytest.FixtureRequest):
    """A lake whose data lie in a folder, behind either catalogue."""

    def make(folder: Path) -> Warehouse:
        data_path = str(folder / "data")
        if request.param == "sqlite":
            return Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=data_path)
        server = request.getfixturevalue("postgres")
        return Warehouse(postgres=server.connection(), schema_name=server.new_name(), data_path=data_path)

    return make


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this user may not mount a disk; the limit on file sizes is tried instead")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def write(warehouse: Warehouse, number: int, n_rows: int, most_bytes: int = 0) -> subprocess.CompletedProcess:
    """Replace the day in a process of its own, which may write files of so many bytes at most."""
    spelled = json.dumps(warehouse.model_dump(include={"catalog_path", "data_path", "postgres", "schema_name"}))
    command = [sys.executable, str(WRITER), "once", spelled, str(number), str(n_rows), str(most_bytes)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def refused(warehouse: Warehouse, words: str, most_bytes: int = 0) -> None:
    """A day too large is refused in one line, and everything is as it was."""
    assert write(warehouse, 1, 20_000).returncode == 0
    files = sorted(Path(warehouse.data_path).rglob("*.parquet"))
    before, snapshot = warehouse.digest("days"), warehouse.snapshot()
    done = write(warehouse, 2, 2_000_000, most_bytes)
    assert done.returncode == 2, done.stderr
    expected = (
        f"{warehouse.data_path}: {words}. Free some space, then run it again; the tables are as they were before.\n"
    )
    assert done.stderr == expected
    assert (warehouse.digest("days"), warehouse.snapshot()) == (before, snapshot)
    assert sorted(Path(warehouse.data_path).rglob("*.parquet")) == files, "half a file would keep the disk full"
    assert write(warehouse, 3, 1000).returncode == 0
    assert warehouse.read("SELECT count(*), min(n), max(n) FROM days").row(0) == (1000, 3, 3)


def test_a_full_disk(lake, small_disk: Path):
    refused(lake(small_disk), "No space left on device")


def test_a_limit_on_file_sizes(lake, tmp_path: Path):
    refused(lake(tmp_path), "File too large", most_bytes=ROOM)


def test_a_catalogue_that_cannot_grow(small_disk: Path):
    """The day fits into the catalogue itself, which has no room left."""
    warehouse = Warehouse(catalog_path=str(small_disk / "catalog.sqlite"), data_path=str(small_disk / "data"))
    assert write(warehouse, 1, 5).returncode == 0
    before, snapshot = warehouse.digest("days"), warehouse.snapshot()
    filling = small_disk / "filling"
    with filling.open("wb") as file:
        while os.statvfs(small_disk).f_bavail:
            file.write(bytes(4096))
            file.flush()
    done = write(warehouse, 2, 5)
    assert done.returncode == 2, done.stderr
    assert "Free some space" in done.stderr
    assert done.stderr.count("\n") == 1
    filling.unlink()
    assert (warehouse.digest("days"), warehouse.snapshot()) == (before, snapshot)
    assert write(warehouse, 3, 5).returncode == 0
    assert warehouse.read("SELECT count(*), min(n), max(n) FROM days").row(0) == (5, 3, 3)
