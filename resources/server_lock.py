"""Locks that several machines share: PostgreSQL's advisory locks, held by a transaction of their own."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from resources.lake_lock import Take
from resources.postgres_session import session

HOLDERS = """SELECT coalesce(a.application_name, '') || coalesce(' at ' || host(a.client_addr), '') AS holder
FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND (l.classid::BIGINT << 32) + l.objid::BIGINT = {key}
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@dataclass(frozen=True)
class ServerLock:
    """An advisory lock of a catalogue; the server lets it go when the connection ends, however it ends.

    Attributes:
        connection: As libpq takes it.
        name: What is locked. Lakes of one database have names of their own.
    """

    connection: str
    name: str

    @property
    def place(self) -> str:
        """The server."""
        return f"postgres:{self.connection}"

    @property
    def key(self) -> int:
        """The name as the 63-bit number that PostgreSQL takes."""
        return int.from_bytes(hashlib.sha256(f"sluice {self.name}".encode()).digest()[:8], "big") >> 1

    @contextmanager
    def block(self) -> Iterator[Take]:
        """While the transaction is open."""
        with session(self.connection) as ask:
            # A server that ends transactions without work would let go of the lock while a build goes on.
            ask("SELECT set_config('idle_in_transaction_session_timeout', '0', true) AS value")
            yield lambda alone: bool(
                ask(f"SELECT pg_try_advisory_xact_lock{'' if alone else '_shared'}({self.key}) AS taken")[0][0]
            )

    def holders(self) -> list[str]:
        """Who holds it now: process and machine."""
        with session(self.connection) as ask:
            return sorted(row[0] for row in ask(HOLDERS.format(key=self.key)))
