"""DuckDB instances with the lake attached, kept for the next connection.

Loading `ducklake` and the catalogue's extension takes 0.25 s, since DuckDB checks the signatures of 70 MB; reading the
lake's catalogue 0.05 s; a cursor of an instance that has both, 3 ms. DuckLake looks up the newest snapshot for every
transaction, so an instance that is kept sees what other processes commit.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb

from resources.lake_catalogue import Catalogue

MOST_IDLE = 4

Instance = duckdb.DuckDBPyConnection
Key = tuple[str, tuple]
"""The ATTACH statement, and the identity of the catalogue it found."""


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
    catalogue: Catalogue,
    options: dict[str, Any],
    retrying: Callable[[Callable[[], object]], object],
    reusable: bool = True,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to an in-memory instance, in UTC, with the lake in use.

    Args:
        catalogue: DuckLake's.
        options: Of the ATTACH statement, beside the catalogue's own; they tell instances apart.
        retrying: Calls what it is given, again where another process was in the way.
        reusable: Whether the instance is kept for the next call; never after an error, except a lost race to commit.
    """
    statement = _attach(catalogue, options)
    instance = _idle.take(_key(statement, catalogue) if reusable else None) or _new_instance()
    _load(instance, catalogue.extension)
    attached = key = None
    try:
        with instance.cursor() as connection:

            def prepare() -> None:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(statement)
                connection.execute("USE lake")

            retrying(prepare)
            attached = _key(statement, catalogue)
            yield connection
        key = attached
    except duckdb.TransactionException:
        key = attached  # Another process has committed first; nothing is wrong with the instance.
        raise
    finally:
        if key and reusable and key == _key(statement, catalogue):
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
def install_extension(name: str) -> None:
    """Put a DuckDB extension that came from PyPI where DuckDB looks for it; once per process, no network."""
    from duckdb_extensions import import_extension

    import_extension(name)


def _new_instance() -> Instance:
    instance = duckdb.connect(":memory:")
    _load(instance, "ducklake")
    return instance


def _load(instance: Instance, extension: str) -> None:
    install_extension(extension)
    instance.load_extension(extension)


def _attach(catalogue: Catalogue, options: dict[str, Any]) -> str:
    words = []
    for name, value in {**options, **catalogue.options}.items():
        words.append(f"{name} {literal(value) if isinstance(value, str) else value}")
    return (
        f"ATTACH IF NOT EXISTS {literal(f'ducklake:{catalogue.kind}:{catalogue.address}')} AS lake ({', '.join(words)})"
    )


def _key(statement: str, catalogue: Catalogue) -> Key | None:
    identity = catalogue.identity()
    return None if identity is None else (statement, identity)


def _forget_after_fork() -> None:
    """A forked child has no threads of its parent's instances: it must neither use nor close them."""
    global _idle
    _left_behind.append(_idle)
    _idle = _Idle()


os.register_at_fork(after_in_child=_forget_after_fork)
