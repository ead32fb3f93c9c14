"""What a PostgreSQL catalogue does that a file does not: it can be away, refuse, be shared, be another one's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from throwaway_postgres import PASSWORD
from visits import BOTH, COLUMNS, rows

from models.errors import UserError
from resources.postgres_errors import connection_problem
from resources.warehouse import Warehouse, insert

ON_A_SERVER = pytest.mark.parametrize("warehouse", ["postgres"], indirect=True)


@pytest.fixture
def elsewhere(postgres, tmp_path: Path):
    """A lake whose connection is another one."""

    def make(connection: str) -> Warehouse:
        name = postgres.new_name()
        return Warehouse(postgres=connection, schema_name=name, data_path=str(tmp_path / "data"))

    return make


class TestWhatCanBeWrong:
    def told(self, warehouse: Warehouse) -> str:
        with pytest.raises(UserError) as caught:
            warehouse.exists()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_no_server(self, elsewhere, tmp_path: Path):
        line = self.told(elsewhere(f"host={tmp_path} dbname=shop"))
        assert line.startswith(f"postgres:host={tmp_path} dbname=shop: the catalogue cannot be opened (connection to")
        assert line.endswith(
            "Start the server, or correct `warehouse.catalog` in sluice.yaml; `sluice doctor` tries again."
        )

    def test_no_such_database(self, elsewhere, postgres):
        line = self.told(elsewhere(postgres.connection(database="nowhere")))
        assert 'database "nowhere" does not exist). Create it (`createdb`)' in line

    def test_no_such_user(self, elsewhere, postgres):
        line = self.told(elsewhere(postgres.connection(user="eve")))
        assert 'role "eve" does not exist). Create it (`createuser`)' in line

    def test_no_password_a_wrong_one_and_the_right_one(self, elsewhere, postgres, monkeypatch: pytest.MonkeyPatch):
        warehouse = elsewhere(postgres.connection(user="guarded"))
        monkeypatch.setenv("PGPASSFILE", "/nowhere")
        assert "no password supplied). Set PGPASSWORD" in self.told(warehouse)
        monkeypatch.setenv("PGPASSWORD", "hunter2")
        line = self.told(warehouse)
        assert 'password authentication failed for user "guarded"). Set PGPASSWORD' in line
        assert "hunter2" not in line
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        assert not warehouse.exists()

    def test_a_user_who_may_not_make_the_schema(self, elsewhere, postgres):
        warehouse = elsewhere(postgres.connection(user="stranger"))
        with pytest.raises(UserError, match="permission denied for database postgres.*GRANT CREATE ON DATABASE"):
            warehouse.ensure_table("visits", COLUMNS, "One visit")

    def test_words_that_libpq_does_not_know(self, elsewhere):
        assert "Correct `warehouse.catalog`" in self.told(elsewhere("host"))

    @pytest.mark.parametrize(
        ("words", "mend"),
        [
            ("FATAL: the database system is starting up", "Wait a moment"),
            ("FATAL: sorry, too many clients already", "max_connections"),
            ("could not translate host name", "Start the server"),
            ("timeout expired", "Start the server"),
            ("something else", "See the server's log."),
        ],
    )
    def test_what_cannot_be_provoked_here(self, words: str, mend: str):
        assert (
            mend in connection_problem(OSError(f'IO Error: Unable to connect to Postgres at "x": {words}'), "here").mend
        )


class TestOneLakeOfSeveral:
    @ON_A_SERVER
    def test_another_output_folder_is_refused(self, table: Warehouse, tmp_path: Path):
        """Two copies of a project with one name would each take the other's files for lost."""
        other = table.model_copy(update={"data_path": str(tmp_path / "other")})
        with pytest.raises(UserError, match="does not match existing data path.*Let `output` be the folder"):
            other.read("SELECT * FROM visits")

    @ON_A_SERVER
    def test_schemas_do_not_see_each_other(self, table: Warehouse, postgres, tmp_path: Path):
        other = table.model_copy(update={"schema_name": postgres.new_name(), "data_path": str(tmp_path / "other")})
        assert not other.exists()
        other.ensure_table("others", COLUMNS, "One visit")
        assert (table.has_table("others"), other.has_table("visits")) == (False, False)

    @ON_A_SERVER
    def test_a_schema_made_anew_is_another_lake(self, table: Warehouse, postgres):
        table.write(lambda connection: insert(connection, "visits", rows((1, "ada", 1))))
        assert table.read("SELECT * FROM visits").height == 1
        postgres.psql(f"DROP SCHEMA {table.schema_name} CASCADE")
        assert not table.exists()
        table.ensure_table("others", COLUMNS, "One visit")
        table.write(lambda connection: insert(connection, "others", rows((1, "bob", 1))))
        assert (table.has_table("visits"), table.has_table("others")) == (False, True)
        assert table.read("SELECT who FROM others")["who"].to_list() == ["bob"]


class TestServer:
    @ON_A_SERVER
    def test_connections_that_were_kept_survive_a_restart_of_the_server(self, table: Warehouse, postgres):
        table.write(lambda connection: insert(connection, "visits", rows((1, "ada", 1))))
        table.read("SELECT * FROM visits")
        postgres.stop()
        with pytest.raises(UserError, match="the catalogue cannot be opened"):
            table.read("SELECT * FROM visits")
        postgres.start()
        table.write(lambda connection: insert(connection, "visits", rows((2, "bob", 1))))
        assert table.read("SELECT who FROM visits ORDER BY who")["who"].to_list() == ["ada", "bob"]

    @ON_A_SERVER
    def test_a_server_that_goes_away_takes_the_lock_with_it_and_that_is_told(self, warehouse: Warehouse, postgres):
        with pytest.raises(UserError, match="server closed the connection.*Start the server"), warehouse.writing():
            postgres.stop()
            postgres.start()
        with warehouse.alone(patience_seconds=0):
            pass

    @ON_A_SERVER
    def test_a_lock_dies_with_its_process(self, warehouse: Warehouse, spelled: str):
        program = f"""
import json, os, signal, sys
from resources.warehouse import Warehouse
with Warehouse(**json.loads({spelled!r})).alone():
    os.kill(os.getpid(), signal.SIGKILL)
"""
        root = Path(__file__).parents[2]
        done = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ | {"PYTHONPATH": str(root)})
        assert done.returncode == -9
        with warehouse.alone(patience_seconds=5):
            pass

    @ON_A_SERVER
    def test_a_lock_outlives_the_servers_patience_with_idle_transactions(self, warehouse: Warehouse, postgres):
        postgres.psql("ALTER ROLE sluice SET idle_in_transaction_session_timeout = '200ms'")
        try:
            with warehouse.writing():
                postgres.psql("SELECT pg_sleep(0.6)")
                with pytest.raises(UserError), warehouse.alone(patience_seconds=0):
                    pytest.fail("the writer's lock is gone")
        finally:
            postgres.psql("ALTER ROLE sluice RESET idle_in_transaction_session_timeout")

    @ON_A_SERVER
    def test_who_holds_a_lock_is_known(self, warehouse: Warehouse):
        lock = warehouse.catalogue.lock("build")
        assert lock.holders() == []
        with lock.block() as take:
            assert take(True)
            (holder,) = lock.holders()
        assert holder.startswith(f"sluice-{os.getpid()}-")


@BOTH
@pytest.mark.parametrize("n_rows", [3, 300])
def test_every_kind_of_value_comes_back_as_it_was(warehouse: Warehouse, n_rows: int):
    """A few rows lie in the catalogue itself, in the server's own types; many lie in a Parquet file."""
    sql = f"""SELECT i::BIGINT AS i, 'it''s ' || chr(0) || ' 😀 ' || i AS s, i / 3.0::DOUBLE AS d, 'nan'::DOUBLE AS nan,
        DATE '2025-01-01' + i::INT AS day, TIMESTAMP '2025-01-01 10:00:00.123456' AS at, i % 2 = 0 AS b,
        [i / 7.0::FLOAT, 1e-38::FLOAT] AS v, {{'k': 'x"y', 'n': NULL::INT}} AS st, NULL::VARCHAR AS nothing, '' AS empty
        FROM range({n_rows}) AS r(i)"""
    warehouse.write(lambda connection: connection.execute(f"CREATE TABLE t AS SELECT * FROM ({sql}) LIMIT 0"))
    warehouse.write(lambda connection: connection.execute(f"INSERT INTO t {sql}"))
    with warehouse.connect(read_only=True) as connection:
        expected = connection.execute(f"SELECT * FROM ({sql}) ORDER BY i").pl()
    found = warehouse.read("SELECT * FROM t ORDER BY i")
    assert found.schema == expected.schema
    assert found.equals(expected)
