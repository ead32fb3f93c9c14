"""Asking a PostgreSQL server itself, through DuckDB's own client: is the catalogue there, who holds a lock.

The client hands a connection back to its pool after every transaction and resets it, session locks included; so what
has to stay lives in a transaction, and a session here is one.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from resources.duckdb_instances import install_extension, literal
from resources.postgres_address import patient, with_option
from resources.postgres_errors import connection_problem

Ask = Callable[[str], list[tuple]]
"""Rows of one query of the server."""

_kept: dict[str, list[duckdb.DuckDBPyConnection]] = {}
_left_behind: list[object] = []
_lock = threading.Lock()


@contextmanager
def session(connection: str) -> Iterator[Ask]:
    """A read-only transaction on a connection of its own; it ends with the block, or with the process.

    Args:
        connection: As libpq takes it.

    Raises:
        UserError: The server cannot be reached, or refuses.
    """
    with _lock:
        waiting = _kept.setdefault(connection, [])
        instance = waiting.pop() if waiting else None
    instance = instance or _new(connection)
    try:
        instance.execute("BEGIN")
        ask = _asking(instance, connection)
        yield ask
        try:
            instance.execute("ROLLBACK")
        except duckdb.Error as error:  # The server went away meanwhile, and a lock with it.
            raise connection_problem(error, f"postgres:{connection}") from None
    except BaseException:
        instance.close()
        raise
    with _lock:
        _kept.setdefault(connection, []).append(instance)


def _asking(instance: duckdb.DuckDBPyConnection, connection: str) -> Ask:
    def ask(sql: str) -> list[tuple]:
        try:
            return instance.execute(f"SELECT * FROM postgres_query('server', {literal(sql)})").fetchall()
        except duckdb.Error as error:
            raise connection_problem(error, f"postgres:{connection}") from None

    return ask


def _new(connection: str) -> duckdb.DuckDBPyConnection:
    install_extension("postgres_scanner")
    instance = duckdb.connect(":memory:")
    instance.load_extension("postgres_scanner")
    named = with_option(
        patient(connection), "fallback_application_name", f"sluice-{os.getpid()}-{socket.gethostname()}"
    )
    try:
        instance.execute(f"ATTACH {literal(named)} AS server (TYPE postgres, READ_ONLY)")
    except duckdb.Error as error:
        instance.close()
        raise connection_problem(error, f"postgres:{connection}") from None
    return instance


def _forget_after_fork() -> None:
    """A forked child must neither use nor close its parent's connections."""
    global _kept, _lock
    _left_behind.append(_kept)
    _kept, _lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)
