"""Where a PostgreSQL catalogue is, as `warehouse.catalog` says it: libpq's words or an address, never a password."""

import re
from urllib.parse import unquote

PREFIX = "postgres:"
EXAMPLE = "e.g. `postgres:host=db.internal dbname=sluice user=sluice` or `postgresql://sluice@db.internal/sluice`"
CONNECT_SECONDS = 10
"""Without it libpq waits for minutes for a machine that does not answer."""

_ADDRESS = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_SECRET = re.compile(r"\b(ssl)?password\s*=|://[^/?#@]*:[^/?#]*@", re.IGNORECASE)


def connection_of(text: str) -> str:
    """What libpq is given.

    Args:
        text: `postgres:` and libpq's keywords, or an address.

    Returns:
        The keywords or the address, as they were.

    Raises:
        ValueError: It is neither, or holds a password. The message never repeats the text.
    """
    if _SECRET.search(unquote(text)):
        raise ValueError(
            "a password does not belong in the config, where logs and pages could show it; "
            "leave it out and set PGPASSWORD, or name a service or password file (PGSERVICE, PGPASSFILE)"
        )
    if _ADDRESS.match(text):
        return text
    if not text.startswith(PREFIX):
        raise ValueError(f"this is no PostgreSQL catalogue; write {EXAMPLE}, or leave it out for a file in `output`")
    return text.removeprefix(PREFIX).strip()


def with_option(connection: str, name: str, value: str) -> str:
    """The connection with one more of libpq's options, unless it sets that option itself."""
    if re.search(rf"\b{name}\s*=", connection):
        return connection
    if not _ADDRESS.match(connection):
        return f"{connection} {name}={value}".strip()
    return f"{connection}{'&' if '?' in connection else '?'}{name}={value}"


def patient(connection: str) -> str:
    """The connection that gives up after some seconds; a service file says for itself how long it waits."""
    if re.search(r"\bservice\s*=", connection):
        return connection
    return with_option(connection, "connect_timeout", str(CONNECT_SECONDS))
