"""What went wrong between Sluice and a PostgreSQL server, in one sentence with its mend."""

import re

from models.errors import UserError

_TOLD = re.compile(r"Unable to connect to Postgres at .*?\": ", re.DOTALL)
_STARTING = "Wait a moment, then run it again."
MENDS = {
    r"password authentication failed|no password supplied|empty password": (
        "Set PGPASSWORD, or name a password file (PGPASSFILE), to what the server knows for this user."
    ),
    r'database "[^"]*" does not exist': "Create it (`createdb`), or correct `warehouse.catalog` in sluice.yaml.",
    r'role "[^"]*" does not exist': "Create it (`createuser`), or correct `user` in `warehouse.catalog`.",
    r"no pg_hba.conf entry|authentication failed": "Let the server's pg_hba.conf accept this user from this machine.",
    r"definition of service|service file": "Define it in ~/.pg_service.conf, or correct `warehouse.catalog`.",
    r"starting up|shutting down|recovery": _STARTING,
    r"too many clients|remaining connection slots": "Raise the server's max_connections, or run less at once.",
    r"permission denied": "Let this user create its schema: `GRANT CREATE ON DATABASE ... TO ...`.",
    r"does not match existing data path": (
        "Let `output` be the folder that the catalogue names on every machine, or give this project another `name`."
    ),
    r"missing \"=\"|invalid connection option|invalid .* value|invalid URI|invalid port": (
        "Correct `warehouse.catalog` in sluice.yaml; libpq's connection strings are its manual's section 34.1."
    ),
    r"Connection refused|No such file|could not translate|timeout expired|timed out|unreachable|No route|closed the": (
        "Start the server, or correct `warehouse.catalog` in sluice.yaml; `sluice doctor` tries again."
    ),
}
"""Words of libpq, of the server or of DuckLake -> what to do; the first that fit."""


def connection_problem(error: Exception, where: str) -> UserError:
    """The error as a user reads it.

    Args:
        error: DuckDB's.
        where: The catalogue.
    """
    words = _TOLD.split(str(error))[-1].strip()
    first = words.splitlines()[0].removeprefix("IO Error: ").rstrip(".") if words else "no reason given"
    mend = next((mend for said, mend in MENDS.items() if re.search(said, words)), "See the server's log.")
    return UserError(f"the catalogue cannot be opened ({first})", where, mend)
