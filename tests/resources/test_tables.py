"""Tables are made as they are described, and what is put into them is never SQL."""

import duckdb
import polars as pl
import pytest
from visits import BOTH, COLUMNS, rows

from models.errors import UserError
from resources.warehouse import Warehouse, insert, literal, quoted


class TestTables:
    @BOTH
    def test_a_table_has_its_comments_and_types(self, table: Warehouse):
        found = table.read(
            "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE database_name = 'lake' "
            "AND table_name = 'visits' ORDER BY column_index"
        )
        assert found.rows() == [(name, kind, meaning) for name, (kind, meaning) in COLUMNS.items()]
        comment = table.read("SELECT comment FROM duckdb_tables() WHERE table_name = 'visits'")
        assert comment["comment"].to_list() == ["One visit"]

    @BOTH
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

    @BOTH
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
        before = table.snapshot()
        table.ensure_table("visits", {**COLUMNS, "n": ("INT8", "How many")}, "One visit")
        assert table.snapshot() == before

    @BOTH
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
