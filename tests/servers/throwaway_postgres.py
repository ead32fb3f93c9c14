"""A PostgreSQL server in a temporary folder, reached by a socket in it; nothing listens on a network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import pytest

OWNER, PASSWORD = "sluice", "correct horse"
"""Everybody is let in without a password but `guarded`, who has this one."""


def binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest; `None` where no server is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class PostgresServer:
    """Starts at once, ends with `stop()`.

    Args:
        tools: As `binaries` found them.
    """

    def __init__(self, tools: Path):
        self.tools, self.folder = tools, Path(tempfile.mkdtemp(prefix="sluice-postgres-"))
        self._numbers = count(1)
        self._as = {}
        if os.getuid() == 0:  # The server refuses to run as root.
            user = next(name for name in ("postgres", "nobody") if _is_user(name))
            known = pwd.getpwnam(user)
            os.chown(self.folder, known.pw_uid, known.pw_gid)
            self._as = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C", "--no-sync")
        rules = self.data / "pg_hba.conf"
        rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")
        self.start()
        self.psql(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
        self.psql("CREATE ROLE stranger LOGIN")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def connection(self, user: str = OWNER, database: str = "postgres") -> str:
        """As libpq takes it."""
        return f"host={self.folder} user={user} dbname={database}"

    def new_name(self) -> str:
        """A schema nobody has used."""
        return f"lake_{next(self._numbers)}"

    def psql(self, sql: str) -> str:
        """What the server answers, without headers."""
        return self._run("psql", "-h", self.folder, "-U", OWNER, "-d", "postgres", "-AtqX", "-c", sql)

    def _run(self, tool: str, *arguments: object) -> str:
        command = [str(self.tools / tool), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, check=False, text=True, capture_output=True, **self._as)
        assert done.returncode == 0, f"{tool}: {done.stderr}"
        return done.stdout.strip()


def _is_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


@pytest.fixture(scope="session")
def postgres():
    """A server that lasts as long as the session."""
    tools = binaries()
    if tools is None:
        pytest.skip("no PostgreSQL server is installed here (Debian: apt-get install postgresql)")
    server = PostgresServer(tools)
    yield server
    server.stop()
    server.remove()
