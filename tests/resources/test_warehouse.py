import datetime as dt
import multiprocessing
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.errors import UserError
from resources import duckdb_instances
from resources.warehouse import MAX_ATTEMPTS, Warehouse, insert, literal, quoted

COLUMNS = {
    "day": ("DATE", "The day"),
    "who": ("VARCHAR", 'Who; it\'s "quoted"'),
    "n": ("BIGINT", "How many"),
}
WRITERS = Path(__file__).with_name("concurrent_writers.py")


def day(number: int) -> dt.date:
    return dt.date(2025, 1, number)


def warehouse_in(folder: Path) -> Warehouse:
    return Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))


def rows(*values: tuple[int, str | None, int]) -> pl.DataFrame:
    frame = {"day": [day(of) for of, _, _ in values], "who": [who for _, who, _ in values]}
    return pl.DataFrame({**frame, "n": [n for _, _, n in values]}, schema_overrides={"who": pl.Utf8})


@pytest.fixture
def table(warehouse: Warehouse) -> Warehouse:
    warehouse.ensure_table("visits", COLUMNS, "One visit")
    return warehouse


def start(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(WRITERS), *map(str, arguments)])


class TestTables:
    def test_a_table_has_its_comments_and_types(self, table: Warehouse):
        found = table.read(
            "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE database_name = 'lake' "
            "AND table_name = 'visits' ORDER BY column_index"
        )
        assert found.rows() == [(name, kind, meaning) for name, (kind, meaning) in COLUMNS.items()]
        comment = table.read("SELECT comment FROM duckdb_tables() WHERE table_name = 'visits'")
        assert comment["comment"].to_list() == ["One visit"]

    @pytest.mark.parametrize("text", ["'); DROP TABLE visits;--", '"; DELETE FROM visits', "😀" * 500, "a\\'b/../c"])
    def test_a_value_is_never_sql(self, table: Warehouse, text: str):
        table.write(lambda connection: insert(connection, "visits", rows((1, text, 1))))
        assert table.read("SELECT who FROM visits WHERE who = ?", [text])["who"].to_list() == [text]

    def test_ensuring_again_keeps_the_rows(self, table: Warehouse):
        table.write(lambda connection: insert(connection, "visits", rows((1, "ada", 1))))
        before = table.snapshot()
        table.ensure_table("visits", COLUMNS, "One visit")
        assert table.read("SELECT who FROM visits")["who"].to_list() == ["ada"]
        assert table.snapshot() == before

    def test_a_new_column_is_added_with_its_comment(self, table: Warehouse):
        table.write(lambda connection: insert(connection, "visits", rows((1, "ada", 1))))
        table.ensure_table("visits", {**COLUMNS, "score": ("DOUBLE", "How good")}, "One visit")
        table.write(lambda connection: insert(connection, "visits", rows((2, "bob", 2)).with_columns(score=0.5)))
        assert table.read("SELECT who, score FROM visits ORDER BY day").rows() == [("ada", None), ("bob", 0.5)]
        sql = "SELECT comment FROM duckdb_columns() WHERE table_name = 'visits' AND column_name = 'score'"
        assert table.read(sql)["comment"].to_list() == ["How good"]

    def test_a_column_nobody_wants_any_more_stays(self, table: Warehouse):
        fewer = {name: COLUMNS[name] for name in ("day", "n")}
        table.ensure_table("visits", fewer, "One visit")
        table.write(lambda connection: insert(connection, "visits", rows((1, "ada", 1)).drop("who")))
        assert table.read("SELECT who, n FROM visits").rows() == [(None, 1)]

    def test_a_changed_type_is_refused_and_nothing_is_added(self, table: Warehouse):
        changed = {**COLUMNS, "new": ("INTEGER", "x"), "n": ("VARCHAR", "How many")}
        with pytest.raises(UserError, match="table visits: column 'n' is BIGINT and would have to become VARCHAR"):
            table.ensure_table("visits", changed, "One visit")
        assert "new" not in table.read("SELECT * FROM visits").columns

    def test_another_name_of_the_same_type_is_no_change(self, table: Warehouse):
        table.ensure_table("visits", {**COLUMNS, "n": ("INT8", "How many")}, "One visit")

    def test_hostile_names_and_values_are_only_text(self, warehouse: Warehouse):
        name, column = 'x"; DROP TABLE visits; --', "a'b\"c;"
        hostile = "'; DROP TABLE visits; -- \\ \x00 \n ü"
        warehouse.ensure_table("visits", COLUMNS, "One visit")
        warehouse.ensure_table(name, {column: ("VARCHAR", hostile.replace("\x00", ""))}, "It's; -- ok")
        frame = pl.DataFrame({column: [hostile]})
        warehouse.write(lambda connection: insert(connection, name, frame))
        assert warehouse.read(f"SELECT * FROM {quoted(name)}").to_dicts() == [{column: hostile}]
        assert warehouse.has_table("visits") and warehouse.has_table(name) and not warehouse.has_table("x")
        assert warehouse.read(f"SELECT {literal(hostile.replace(chr(0), ''))} AS t")["t"][0] in hostile.replace(
            "\0", ""
        )

    def test_an_insert_of_an_unknown_column_is_refused(self, table: Warehouse):
        with pytest.raises(duckdb.Error, match="extra"):
            table.write(lambda connection: insert(connection, "visits", rows((1, "a", 1)).with_columns(extra=1)))
        assert table.read("SELECT * FROM visits").is_empty()

    def test_an_empty_frame_inserts_nothing(self, table: Warehouse):
        table.write(lambda connection: insert(connection, "visits", pl.DataFrame()))
        assert table.read("SELECT * FROM visits").is_empty()


class TestReplaceDays:
    def test_only_the_range_is_replaced_and_twice_is_once(self, table: Warehouse):
        table.write(lambda connection: insert(connection, "visits", rows((1, "a", 1), (2, "b", 2), (3, "c", 3))))
        table.replace_days("visits", "day", day(2), day(3), rows((2, "B", 20)))
        once = table.digest("visits")
        snapshot = table.replace_days("visits", "day", day(2), day(3), rows((2, "B", 20)))
        assert table.digest("visits") == once
        expected = [(day(1), "a", 1), (day(2), "B", 20)]
        assert table.read("SELECT * FROM visits ORDER BY day", snapshot=snapshot).rows() == expected

    def test_a_snapshot_stays_as_it_was(self, table: Warehouse):
        before = table.replace_days("visits", "day", day(1), day(1), rows((1, "old", 1)))
        table.replace_days("visits", "day", day(1), day(1), rows((1, "new", 1)))
        table.ensure_table("visits", {**COLUMNS, "later": ("DATE", "x")}, "One visit")
        assert table.read("SELECT * FROM visits", snapshot=before).rows() == [(day(1), "old", 1)]
        assert table.read("SELECT who FROM visits")["who"].to_list() == ["new"]


class TestTransactions:
    def test_an_exception_rolls_everything_back(self, table: Warehouse):
        def transaction(connection) -> None:
            insert(connection, "visits", rows((1, "ada", 1)))
            raise ValueError("ours")

        with pytest.raises(ValueError, match="ours"):
            table.write(transaction)
        assert table.read("SELECT * FROM visits").is_empty()
        table.write(lambda connection: insert(connection, "visits", rows((1, "bob", 1))))
        assert table.read("SELECT who FROM visits")["who"].to_list() == ["bob"]

    def test_the_result_is_handed_back(self, table: Warehouse):
        assert table.write(lambda connection: connection.execute("SELECT 7").fetchone()) == (7,)

    def test_a_lost_race_repeats_the_whole_transaction(self, table: Warehouse, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("resources.warehouse.time.sleep", lambda seconds: None)
        attempts = []

        def transaction(connection) -> None:
            attempts.append(1)
            insert(connection, "visits", rows((1, "ada", 1)))
            if len(attempts) < 3:
                raise duckdb.TransactionException("Failed to commit: database is locked")

        table.write(transaction)
        assert len(attempts) == 3
        assert table.read("SELECT * FROM visits").height == 1

    def test_it_gives_up_with_the_databases_own_error(self, table: Warehouse, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("resources.warehouse.time.sleep", lambda seconds: None)
        attempts = []

        def transaction(connection) -> None:
            attempts.append(1)
            raise duckdb.TransactionException("database is locked")

        with pytest.raises(duckdb.TransactionException):
            table.write(transaction)
        assert len(attempts) == MAX_ATTEMPTS

    def test_a_wrong_query_is_not_repeated(self, table: Warehouse):
        attempts = []

        def transaction(connection) -> None:
            attempts.append(1)
            connection.execute("INSERT INTO nowhere VALUES (1)")

        with pytest.raises(duckdb.CatalogException):
            table.write(transaction)
        assert len(attempts) == 1


class TestSeveralProcesses:
    def test_three_writers_from_nothing_lose_nothing(self, tmp_path: Path):
        writers = [start("append", tmp_path, writer, 4) for writer in range(3)]
        assert [writer.wait(timeout=120) for writer in writers] == [0] * 3
        found = warehouse_in(tmp_path).read("SELECT writer, n FROM t ORDER BY ALL").rows()
        assert found == [(writer, number) for writer in range(3) for number in range(4)]

    def test_readers_see_the_old_or_the_new_day_never_half(self, tmp_path: Path):
        warehouse = warehouse_in(tmp_path)
        columns = {"writer": ("BIGINT", "w"), "n": ("BIGINT", "n"), "day": ("DATE", "d")}
        warehouse.ensure_table("t", columns, "x")
        warehouse.replace_days("t", "day", day(1), day(1), _round(0))
        writer = start("replace", tmp_path, 12, 500)
        seen = []
        while writer.poll() is None:
            seen += warehouse.read("SELECT count(*), min(n), max(n) FROM t").rows()
        assert writer.returncode == 0
        assert {count for count, _, _ in seen} == {500}
        assert all(low == high for _, low, high in seen)
        assert sorted(low for _, low, _ in seen) == [low for _, low, _ in seen]
        assert len({low for _, low, _ in seen}) > 1, "the reader must have run beside the writer"
        assert warehouse.read("SELECT max(n) AS n FROM t")["n"].to_list() == [12]

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


def _round(number: int) -> pl.DataFrame:
    return pl.DataFrame({"writer": [0] * 500, "n": [number] * 500, "day": [day(1)] * 500})


class TestDigest:
    def test_it_does_not_depend_on_the_order_of_rows_or_columns(self, warehouse: Warehouse):
        warehouse.ensure_table("a", COLUMNS, "x")
        warehouse.ensure_table("b", dict(reversed(COLUMNS.items())), "x")
        first, second = rows((1, "ada", 1)), rows((2, "bob", 2))
        for frame in (first, second):
            warehouse.write(lambda connection, frame=frame: insert(connection, "a", frame))
        for frame in (second, first):
            warehouse.write(lambda connection, frame=frame: insert(connection, "b", frame))
        assert warehouse.digest("a") == warehouse.digest("b")

    @pytest.mark.parametrize(
        "changed",
        [
            [(1, "ada", 1)],
            [(1, "ada", 1), (1, "ada", 1), (2, "bob", 2)],
            [(1, "ada", 1), (2, "bob", 3)],
            [(1, "bob", 1), (2, "ada", 2)],
            [(1, "ada", 1), (2, "", 2)],
            [(1, "ada", 1), (2, None, 2)],
        ],
    )
    def test_it_notices_every_change(self, warehouse: Warehouse, changed: list):
        digests = set()
        for name, content in (("a", [(1, "ada", 1), (2, "bob", 2)]), ("b", changed)):
            warehouse.ensure_table(name, COLUMNS, "x")
            frame = rows(*content)
            warehouse.write(lambda connection, name=name, frame=frame: insert(connection, name, frame))
            digests.add(warehouse.digest(name))
        assert len(digests) == 2

    def test_columns_can_be_left_out(self, table: Warehouse):
        table.write(lambda connection: insert(connection, "visits", rows((1, "ada", 1))))
        before = table.digest("visits", ["day", "n"])
        table.write(lambda connection: connection.execute("UPDATE visits SET who = 'eve'"))
        assert table.digest("visits", ["day", "n"]) == before
        assert table.digest("visits") != before

    def test_an_empty_table_has_one(self, table: Warehouse):
        assert table.digest("visits").startswith("0-")


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
