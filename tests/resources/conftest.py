import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """An empty lake behind a SQLite file; behind a server too where a test asks for `BOTH` (visits.py)."""
    data_path = str(tmp_path / "data")
    if getattr(request, "param", "sqlite") == "sqlite":
        return Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=data_path)
    server = request.getfixturevalue("postgres")
    return Warehouse(postgres=server.connection(), schema_name=server.new_name(), data_path=data_path)


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
def set_times(warehouse: Warehouse, request: pytest.FixtureRequest) -> Callable[[dict[int, str]], None]:
    """Pretend that snapshots were made at other times."""

    def on_a_server(times: dict[int, str]) -> None:
        table = f"{warehouse.schema_name}.ducklake_snapshot"
        for number, time in times.items():
            request.getfixturevalue("postgres").psql(
                f"UPDATE {table} SET snapshot_time = '{time}+00' WHERE snapshot_id = {number}"
            )

    def run(times: dict[int, str]) -> None:
        with sqlite3.connect(warehouse.catalog_path) as catalogue:
            sql = "UPDATE ducklake_snapshot SET snapshot_time = ? WHERE snapshot_id = ?"
            catalogue.executemany(sql, [(f"{time}+00", number) for number, time in times.items()])
        catalogue.close()

    return on_a_server if warehouse.postgres else run


@pytest.fixture
def spelled(warehouse: Warehouse) -> str:
    """The warehouse as another process is told of it."""
    return json.dumps(warehouse.model_dump(include={"catalog_path", "data_path", "postgres", "schema_name"}))
