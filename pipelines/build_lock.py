"""One build at a time per project: a lock file, and the server's own lock where a catalogue serves several machines.

Both die with their process.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from models.errors import UserError
from resources.lake_catalogue import Catalogue, PostgresCatalogue
from resources.server_lock import ServerLock

LOCK = "build.lock"
MEND = "Wait for it to end, then build again."


@contextmanager
def build_lock(folder: Path, catalogue: Catalogue | None = None) -> Iterator[None]:
    """Hold the project's build lock.

    Args:
        folder: The project's output.
        catalogue: Its catalogue; one that several machines share is locked too.

    Raises:
        UserError: Another build holds it; its process id is named.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = json.loads(file.read() or "{}").get("pid", "unknown")
            raise UserError(f"a build is already running (process {holder})", str(folder), MEND) from None
        file.seek(0)
        file.truncate()
        file.write(json.dumps({"pid": os.getpid()}))
        file.flush()
        with nullcontext() if catalogue is None else _of_all_machines(catalogue):
            yield


@contextmanager
def _of_all_machines(catalogue: Catalogue) -> Iterator[None]:
    if not isinstance(catalogue, PostgresCatalogue):
        yield
        return
    lock = _server_lock(catalogue)
    with lock.block() as take:
        if not take(True):
            holder = ", ".join(lock.holders()) or "one that has just ended"
            raise UserError(f"a build is already running ({holder})", lock.place, MEND)
        yield


def _server_lock(catalogue: PostgresCatalogue) -> ServerLock:
    return ServerLock(catalogue.connection, f"{catalogue.schema} build")


def build_is_running(folder: Path, catalogue: Catalogue | None = None) -> bool:
    """Whether a build holds the project's lock right now, here or on another machine."""
    path = folder / LOCK
    if path.exists():
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
    return isinstance(catalogue, PostgresCatalogue) and bool(_server_lock(catalogue).holders())
