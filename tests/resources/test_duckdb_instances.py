from pathlib import Path

import duckdb
import polars as pl
import pytest
from visits import rows, warehouse_in

from models.errors import UserError
from resources import duckdb_instances
from resources.warehouse import Warehouse, insert


class TestConnections:
    def test_reading_creates_nothing(self, tmp_path: Path):
        warehouse = warehouse_in(tmp_path / "w")
        assert not warehouse.has_table("t")
        with pytest.raises(UserError, match="there are no tables yet"):
            warehouse.read("SELECT 1")
        assert not (tmp_path / "w").exists()

    def test_a_read_only_connection_refuses_writes(self, table: Warehouse):
        with table.connect(read_only=True) as connection, pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("INSERT INTO visits VALUES (DATE '2025-01-01', 'eve', 1)")

    def test_the_next_connection_uses_the_same_instance(self, table: Warehouse, monkeypatch: pytest.MonkeyPatch):
        table.read("SELECT 1")
        monkeypatch.setattr(duckdb_instances, "_new_instance", lambda: pytest.fail("loads the extensions again"))
        assert table.read("SELECT 2 AS n")["n"][0] == 2

    def test_what_one_connection_leaves_behind_the_next_does_not_see(self, table: Warehouse):
        with table.connect(read_only=True) as connection:
            connection.execute("SET TimeZone = 'Asia/Tokyo'")
            connection.register("leftover", pl.DataFrame({"x": [1]}).to_arrow())
            connection.execute("CREATE TEMP TABLE passing (x INT)")
        with table.connect(read_only=True) as connection:
            assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
            for name in ("leftover", "passing"):
                with pytest.raises(duckdb.CatalogException):
                    connection.execute(f"SELECT * FROM {name}")

    def test_nested_connections_do_not_share_an_instance(self, table: Warehouse):
        with table.connect() as outer:
            outer.execute("BEGIN")
            insert(outer, "visits", rows((1, "ada", 1)))
            assert table.read("SELECT * FROM visits").is_empty()
            outer.execute("ROLLBACK")

    def test_a_connection_for_changed_settings_is_not_kept(self, table: Warehouse):
        with table.connect(read_only=True, reusable=False) as connection:
            connection.execute("SET lock_configuration = true")
        with table.connect(read_only=True) as connection:
            assert connection.execute("SELECT current_setting('lock_configuration')").fetchone() == (False,)
            connection.execute("SET threads = 1")

    def test_a_catalogue_put_in_the_place_of_another_is_read(self, tmp_path: Path):
        for name in ("one", "two"):
            warehouse = warehouse_in(tmp_path / name)
            warehouse.ensure_table(name, {"x": ("INTEGER", "x")}, "x")
            assert warehouse.has_table(name)
        (tmp_path / "one").rename(tmp_path / "old")
        (tmp_path / "two").rename(tmp_path / "one")
        assert not warehouse_in(tmp_path / "one").has_table("one")

    def test_few_instances_are_kept_and_each_shows_its_own_lake(self, tmp_path: Path):
        names = [f"t{number}" for number in range(duckdb_instances.MOST_IDLE + 2)]
        for name in names:
            warehouse_in(tmp_path / name).ensure_table(name, {"x": ("INTEGER", "x")}, "x")
        for name in names:
            found = warehouse_in(tmp_path / name).read("SELECT table_name AS t FROM information_schema.tables")
            assert found["t"].to_list() == [name]
        assert len(duckdb_instances._idle.kept) <= duckdb_instances.MOST_IDLE

    def test_a_moved_output_folder_can_be_read_and_written(self, tmp_path: Path):
        warehouse = warehouse_in(tmp_path / "here")
        warehouse.ensure_table("t", {"x": ("INTEGER", "x")}, "x")
        warehouse.write(lambda connection: insert(connection, "t", pl.DataFrame({"x": range(1000)})))
        (tmp_path / "here").rename(tmp_path / "there")
        moved = warehouse_in(tmp_path / "there")
        moved.write(lambda connection: insert(connection, "t", pl.DataFrame({"x": range(1000)})))
        assert moved.read("SELECT count(*) AS n FROM t")["n"][0] == 2000
        assert not (tmp_path / "here").exists()

    def test_a_damaged_catalogue_is_named(self, table: Warehouse):
        Path(table.catalog_path).write_bytes(b"this is no database, it only looks like one" * 50)
        broken = warehouse_in(Path(table.catalog_path).parent)
        for suffix in ("-wal", "-shm"):
            Path(table.catalog_path + suffix).unlink(missing_ok=True)
        duckdb_instances._idle.kept.clear()
        with pytest.raises(UserError, match="catalog.sqlite: the catalogue cannot be opened"):
            broken.read("SELECT 1")
