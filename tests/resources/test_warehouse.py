import duckdb
import pytest
from visits import BOTH, COLUMNS, day, rows

from resources.warehouse import MAX_ATTEMPTS, Warehouse, insert


@BOTH
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
    @BOTH
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
