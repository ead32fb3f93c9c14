"""DuckLake's catalogue: a SQLite file beside the data, or a schema in a PostgreSQL database that machines share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import UserError
from resources.lake_lock import FileLock, Lock
from resources.postgres_address import patient

if TYPE_CHECKING:
    import duckdb

DAMAGED = "If it is damaged, move the output folder away and run `sluice build`."


@dataclass(frozen=True)
class SqliteCatalogue:
    """One machine, nothing to start.

    Attributes:
        file: The catalogue.
    """

    file: Path
    kind = "sqlite"
    extension = "sqlite_scanner"
    schema = "main"
    several_machines = False

    @property
    def place(self) -> str:
        """The file, for errors."""
        return str(self.file)

    @property
    def address(self) -> str:
        """What DuckLake is given."""
        return str(self.file)

    @property
    def options(self) -> dict[str, Any]:
        """Of the ATTACH statement; the catalogue keeps the data's path, overridden since an output folder may move."""
        return {"override_data_path": True, "meta_journal_mode": "WAL", "meta_busy_timeout": 10000}

    def identity(self) -> tuple | None:
        """Device and inode; `None` where there is none. A file put in its place is another lake."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def exists(self) -> bool:
        """Whether it has been created."""
        return self.file.is_file()

    def lock(self, name: str) -> Lock:
        """A lock of this lake."""
        return FileLock(self.file.parent / f"{name}.lock")

    def problem(self, error: duckdb.Error) -> UserError:
        """What a user reads where it cannot be opened."""
        return UserError(f"the catalogue cannot be opened ({str(error).splitlines()[0]})", self.place, DAMAGED)


@dataclass(frozen=True)
class PostgresCatalogue:
    """A server for several machines; each project has a schema of its own.

    Attributes:
        connection: As libpq takes it, without a password.
        schema: Of DuckLake's tables, letters, digits and `_`; created with the first write.
    """

    connection: str
    schema: str
    kind = "postgres"
    extension = "postgres_scanner"
    several_machines = True

    @property
    def place(self) -> str:
        """The server, for errors."""
        return f"postgres:{self.connection}"

    @property
    def address(self) -> str:
        """What DuckLake is given."""
        return patient(self.connection)

    @property
    def options(self) -> dict[str, Any]:
        """Of the ATTACH statement. The data's path is not overridden: other machines find the same files by it."""
        return {"metadata_schema": self.schema}

    def identity(self) -> tuple | None:
        """DuckLake's own table; `None` where there is none. A schema dropped and made again is another lake.

        Raises:
            UserError: The server cannot be reached, or refuses.
        """
        # Here and below: settings know this class, and have no use for DuckDB.
        from resources.postgres_session import session

        table = f'"{self.schema}".ducklake_metadata'
        with session(self.connection) as ask:
            found = ask(f"SELECT to_regclass('{table}')::oid::bigint AS number")[0][0]
        return None if found is None else (found,)

    def exists(self) -> bool:
        """Whether it has been created."""
        return self.identity() is not None

    def lock(self, name: str) -> Lock:
        """A lock of this lake."""
        from resources.server_lock import ServerLock

        return ServerLock(self.connection, f"{self.schema} {name}")

    def problem(self, error: duckdb.Error) -> UserError:
        """What a user reads where it cannot be opened."""
        from resources.postgres_errors import connection_problem

        return connection_problem(error, self.place)


Catalogue = SqliteCatalogue | PostgresCatalogue
