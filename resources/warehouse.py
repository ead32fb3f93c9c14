"""The warehouse: DuckLake tables that never lock their readers."""

import datetime as dt
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import duckdb
import polars as pl
import pyarrow as pa

from models.errors import UserError
from models.events.schema import TEXT_MAP
from resources.duckdb_instances import lake_connection, literal, quoted
from resources.full_disk import give_way, is_full
from resources.lake_catalogue import Catalogue, PostgresCatalogue, SqliteCatalogue
from resources.lake_lock import PATIENCE_SECONDS, alone, shared
from resources.table_columns import create_table, has_table, missing_columns

T = TypeVar("T")
ENTRY = pa.struct({"key": pa.string(), "value": pa.string()})
WRITERS = "writers"
MAX_ATTEMPTS = 12
RETRYABLE = re.compile(
    r"database is locked|conflict|constraint failed: ducklake_|duplicate key value|could not serialize|deadlock"
    r"|relation \"ducklake_\w+\" already exists",
    re.IGNORECASE,
)
"""Another writer was faster, and nothing of this one was kept. A connection lost while it commits is not among them:
nobody knows whether it did."""

__all__ = ["Warehouse", "digest", "insert", "literal", "quoted", "table_names"]


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """DuckLake tables behind a catalogue.

    Attributes:
        data_path: The folder of Parquet files.
        catalog_path: The catalogue where it is a SQLite file.
        postgres: Where it is a PostgreSQL server: the connection, as libpq takes it, without a password.
        schema_name: The schema of DuckLake's own tables on that server.
        pinned: The snapshot that every connection shows, which then only reads; 0: the newest.
    """

    data_path: str
    catalog_path: str = ""
    postgres: str = ""
    schema_name: str = ""
    pinned: int = 0

    @property
    def catalogue(self) -> Catalogue:
        """DuckLake's catalogue."""
        if self.schema_name:
            return PostgresCatalogue(self.postgres, self.schema_name)
        return SqliteCatalogue(Path(self.catalog_path))

    @contextmanager
    def connect(
        self, read_only: bool = False, snapshot: int | None = None, reusable: bool = True
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the lake attached and in use.

        Args:
            read_only: Refuse writes; creates nothing on disk.
            snapshot: Show the lake as it was then (and read-only).
            reusable: Whether DuckDB may serve the next connection from the same instance; `False` for work that
                changes its settings.

        Raises:
            UserError: The catalogue is damaged, belongs to other data, or there is none to read.
        """
        snapshot = self.pinned or None if snapshot is None else snapshot
        reading = read_only or snapshot is not None
        catalogue = self.catalogue
        if reading and not catalogue.exists():
            raise UserError("there are no tables yet", catalogue.place, "Run `sluice build`.")
        if not reading:
            Path(self.data_path).mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"data_path": self.data_path}
        if reading:
            options["read_only"] = True
        if snapshot is not None:
            options["snapshot_version"] = int(snapshot)
        lake = lake_connection(catalogue, options, self._prepare, reusable and snapshot is None)
        with nullcontext() if reading else self.writing(), lake as connection:
            yield connection

    def writing(self) -> AbstractContextManager[None]:
        """Keeps upkeep away meanwhile; every connection that may write holds it, and so does dbt, which has its own."""
        return shared(self.catalogue.lock(WRITERS))

    def alone(self, patience_seconds: float = PATIENCE_SECONDS) -> AbstractContextManager[None]:
        """Keeps writers away meanwhile, for upkeep, which may write; waits for those at work."""
        return alone(self.catalogue.lock(WRITERS), patience_seconds)

    def _prepare(self, attach: Callable[[], object]) -> None:
        try:
            _with_retries(attach)
        except duckdb.Error as error:
            raise self.catalogue.problem(error) from error

    def exists(self) -> bool:
        """Whether the catalogue has been created."""
        return self.catalogue.exists()

    def read(
        self, sql: str, parameters: list[Any] | dict[str, Any] | None = None, snapshot: int | None = None
    ) -> pl.DataFrame:
        """Rows of one query, as a Polars frame."""
        with self.connect(read_only=True, snapshot=snapshot) as connection:
            return connection.execute(sql, parameters or []).pl()

    def write(self, transaction: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run `transaction(connection)` between BEGIN and COMMIT; the whole of it again when another writer won.

        DuckLake lets one of two simultaneous commits fail cleanly, so the retry repeats everything, with jittered
        backoff (about 15 s in all), and gives up with the database's own error. Whatever else the transaction raises
        rolls it back and is raised at once.

        Raises:
            UserError: The disk is full.
        """

        def attempt() -> T:
            with self.connect() as connection:
                connection.execute("BEGIN")
                result = transaction(connection)
                connection.execute("COMMIT")
                return result

        try:
            return _with_retries(attempt)
        except duckdb.Error as error:
            if is_full(error):
                raise give_way(error, self.data_path) from error
            raise

    def replace_days(self, table: str, day_column: str, first: dt.date, last: dt.date, frame: pl.DataFrame) -> int:
        """Replace all rows with `first <= day_column <= last` by `frame`, in one transaction.

        Returns:
            The snapshot id that holds the new rows.
        """

        def transaction(connection: duckdb.DuckDBPyConnection) -> None:
            connection.execute(f"DELETE FROM {quoted(table)} WHERE {quoted(day_column)} BETWEEN ? AND ?", [first, last])
            insert(connection, table, frame)

        self.write(transaction)
        return self.snapshot()

    def ensure_table(self, table: str, columns: dict[str, tuple[str, str]], description: str) -> None:
        """Create `table` where it is missing, with a comment on it and on every column; add columns it lacks.

        A column the table has and `columns` does not stays as it is.

        Args:
            table: Its name.
            columns: Name -> (DuckDB type, description).
            description: What one row is.

        Raises:
            UserError: A column of the table has another type.
        """

        def lacking(connection: duckdb.DuckDBPyConnection) -> list[str] | None:
            """Columns to add; `None` where the table is missing."""
            return missing_columns(connection, table, columns) if has_table(connection, table) else None

        if self.exists():
            with self.connect(read_only=True) as connection:
                if lacking(connection) == []:
                    return

        def transaction(connection: duckdb.DuckDBPyConnection) -> None:
            create_table(connection, table, columns, description, lacking(connection))

        self.write(transaction)

    def has_table(self, table: str) -> bool:
        """Whether the newest snapshot has this table."""
        if not self.exists():
            return False
        with self.connect(read_only=True) as connection:
            return has_table(connection, table)

    def snapshot(self) -> int:
        """The newest snapshot id."""
        return int(self.read("SELECT id FROM ducklake_current_snapshot('lake') AS s(id)")["id"][0])

    def digest(self, table: str, columns: list[str] | None = None) -> str:
        """Row count and an order-independent hash of the rows; equal for equal contents.

        Args:
            table: The table.
            columns: The columns to look at; `None` is all of them, by name, so that the order in which columns were
                added does not matter.
        """
        with self.connect(read_only=True) as connection:
            return digest(connection, table, columns)


def table_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the lake's tables as the connection sees them, sorted."""
    sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY table_name"
    return [row[0] for row in connection.execute(sql).fetchall()]


def digest(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str] | None = None) -> str:
    """`Warehouse.digest` of a table as the connection sees it, e.g. at an earlier snapshot."""
    if columns is None:
        columns = sorted(row[0] for row in connection.execute(f"DESCRIBE {quoted(table)}").fetchall())
    wanted = ", ".join(quoted(name) for name in columns)
    sql = f"""SELECT count(*), sum(hash(_row)::HUGEINT)::VARCHAR, bit_xor(hash(_row))
        FROM (SELECT {wanted} FROM {quoted(table)}) AS _row"""
    return "-".join(str(part) for part in connection.execute(sql).fetchone() or ())


def insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Append `frame` by column name; every column of the frame must exist in the table."""
    if frame.is_empty():
        return
    connection.register("_incoming", as_arrow(frame))
    try:
        connection.execute(f"INSERT INTO {quoted(table)} BY NAME SELECT * FROM _incoming")
    finally:
        connection.unregister("_incoming")


def as_arrow(frame: pl.DataFrame) -> pa.Table:
    """A frame for DuckDB, with maps where it holds lists of entries: DuckDB casts none of these to a map."""
    table = frame.to_arrow()
    for name in (name for name, kind in frame.schema.items() if kind == TEXT_MAP):
        lists = table[name].combine_chunks().cast(pa.list_(ENTRY))
        keys, values = lists.values.flatten()
        maps = pa.MapArray.from_arrays(lists.offsets, keys, values, mask=lists.is_null())
        table = table.set_column(table.schema.get_field_index(name), name, maps)
    return table


def _with_retries(attempt: Callable[[], T]) -> T:
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            return attempt()
        except duckdb.Error as error:
            if number == MAX_ATTEMPTS or not RETRYABLE.search(str(error)):
                raise
            time.sleep(random.uniform(0.05, 0.25) * min(number, 8))
    raise AssertionError("unreachable")
