"""DuckDB instances with the lake attached, kept for the next connection.

Loading `ducklake` and `sqlite_scanner` takes 0.25 s, since DuckDB checks the signatures of 70 MB; reading the lake's
catalogue 0.05 s; a cursor of an instance that has both, 3 ms. DuckLake looks up the newest snapshot for every
transaction, so an instance that is kept sees what other processes commit.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

EXTENSIONS = ("ducklake", "sqlite_scanner")
MOST_IDLE = 4

Instance = duckdb.DuckDBPyConnection
Key = tuple[str, int, int]
"""The ATTACH statement, and device and inode of the catalogue it found: a file put in its place is another lake."""


class _Idle:
    """Instances nobody uses, oldest first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: list[tuple[Key, Instance]] = []

    def take(self, wanted: Key | None) -> Instance | None:
        """The instance kept under a key; where enough are kept for others, the oldest, with nothing attached."""
        with self.lock:
            for place, (key, instance) in enumerate(self.kept):
                if key == wanted:
                    del self.kept[place]
                    return instance
            spare = self.kept.pop(0)[1] if len(self.kept) >= MOST_IDLE or (self.kept and wanted is None) else None
        if spare:
            spare.execute("DETACH DATABASE IF EXISTS lake")
        return spare

    def keep(self, key: Key, instance: Instance) -> None:
        """Keep one for the next connection."""
        with self.lock:
            self.kept.append((key, instance))


_idle = _Idle()
_left_behind: list[_Idle] = []


@contextmanager
def lake_connection(
    attach: str, catalog: Path, retrying: Callable[[Callable[[], object]], object], reusable: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to an in-memory instance, in UTC, with the lake in use.

    Args:
        attach: The options of the ATTACH statement, which tell instances apart.
        catalog: DuckLake's SQLite catalogue.
        retrying: Calls what it is given, again where another process was in the way.
        reusable: Whether the instance is kept for the next call; never after an error, except a lost race to commit.
    """
    instance = _idle.take(_key(attach, catalog) if reusable else None) or _new_instance()
    statement = f"ATTACH IF NOT EXISTS {literal(f'ducklake:sqlite:{catalog}')} AS lake ({attach})"
    attached = key = None
    try:
        with instance.cursor() as connection:

            def prepare() -> None:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(statement)
                connection.execute("USE lake")

            retrying(prepare)
            attached = _key(attach, catalog)
            yield connection
        key = attached
    except duckdb.TransactionException:
        key = attached  # Another process has committed first; nothing is wrong with the instance.
        raise
    finally:
        if key and reusable and key == _key(attach, catalog):
            _idle.keep(key, instance)
        else:
            instance.close()


def quoted(name: str) -> str:
    """An SQL identifier, quoted, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal; for the places (ATTACH) where DuckDB cannot bind."""
    return "'" + text.replace("'", "''") + "'"


@cache
def install_extensions() -> None:
    """Put the DuckDB extensions that came from PyPI where DuckDB looks for them; once per process, no network."""
    from duckdb_extensions import import_extension

    for name in EXTENSIONS:
        import_extension(name)


def _new_instance() -> Instance:
    install_extensions()
    instance = duckdb.connect(":memory:")
    for name in EXTENSIONS:
        instance.load_extension(name)
    return instance


def _key(attach: str, catalog: Path) -> Key | None:
    try:
        found = catalog.stat()
    except FileNotFoundError:
        return None
    return f"{catalog} {attach}", found.st_dev, found.st_ino


def _forget_after_fork() -> None:
    """A forked child has no threads of its parent's instances: it must neither use nor close them."""
    global _idle
    _left_behind.append(_idle)
    _idle = _Idle()


os.register_at_fork(after_in_child=_forget_after_fork)
