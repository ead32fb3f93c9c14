import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))


@pytest.fixture
def table(warehouse: Warehouse) -> Warehouse:
    """With an empty table `visits`."""
    from visits import COLUMNS

    warehouse.ensure_table("visits", COLUMNS, "One visit")
    return warehouse


@pytest.fixture
def commit(warehouse: Warehouse) -> Callable[..., int]:
    """Write in one transaction; returns its snapshot."""

    def run(*statements: str) -> int:
        warehouse.write(lambda connection: [connection.execute(statement) for statement in statements] and None)
        return warehouse.snapshot()

    return run


@pytest.fixture
def set_times(warehouse: Warehouse) -> Callable[[dict[int, str]], None]:
    """Pretend that snapshots were made at other times."""

    def run(times: dict[int, str]) -> None:
        with sqlite3.connect(warehouse.catalog_path) as catalogue:
            sql = "UPDATE ducklake_snapshot SET snapshot_time = ? WHERE snapshot_id = ?"
            catalogue.executemany(sql, [(f"{time}+00", number) for number, time in times.items()])
        catalogue.close()

    return run
