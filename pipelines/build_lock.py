"""One build at a time per project, and one tuning beside it: a lock file each, and the server's own lock where a
catalogue serves several machines.

All die with their process.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from models.errors import UserError
from resources.lake_catalogue import Catalogue, PostgresCatalogue
from resources.server_lock import ServerLock

BUILD, TUNING = "build", "tuning"
LOCK = f"{BUILD}.lock"


def build_lock(folder: Path, catalogue: Catalogue | None = None) -> AbstractContextManager[None]:
    """Hold the project's build lock.

    Args:
        folder: The project's output.
        catalogue: Its catalogue; one that several machines share is locked too.

    Raises:
        UserError: Another build holds it; its process id is named.
    """
    return _only_one(BUILD, folder, catalogue)


def tuning_lock(folder: Path, catalogue: Catalogue | None = None) -> AbstractContextManager[None]:
    """Hold the project's tuning lock, as `build_lock`; builds go on beside it."""
    return _only_one(TUNING, folder, catalogue)


@contextmanager
def _only_one(work: str, folder: Path, catalogue: Catalogue | None) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{work}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = json.loads(file.read() or "{}").get("pid", "unknown")
            raise UserError(f"a {work} is already running (process {holder})", str(folder), _mend(work)) from None
        file.seek(0)
        file.truncate()
        file.write(json.dumps({"pid": os.getpid()}))
        file.flush()
        with nullcontext() if catalogue is None else _of_all_machines(work, catalogue):
            yield


def _mend(work: str) -> str:
    return f"Wait for it to end, then start this {work} again."


@contextmanager
def _of_all_machines(work: str, catalogue: Catalogue) -> Iterator[None]:
    if not isinstance(catalogue, PostgresCatalogue):
        yield
        return
    lock = _server_lock(work, catalogue)
    with lock.block() as take:
        if not take(True):
            holder = ", ".join(lock.holders()) or "one that has just ended"
            raise UserError(f"a {work} is already running ({holder})", lock.place, _mend(work))
        yield


def _server_lock(work: str, catalogue: PostgresCatalogue) -> ServerLock:
    return ServerLock(catalogue.connection, f"{catalogue.schema} {work}")


def build_is_running(folder: Path, catalogue: Catalogue | None = None) -> bool:
    """Whether a build holds the project's lock right now, here or on another machine."""
    path = folder / LOCK
    if path.exists():
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
    return isinstance(catalogue, PostgresCatalogue) and bool(_server_lock(BUILD, catalogue).holders())
