"""One build at a time per project: a lock file that dies with its process."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import UserError

LOCK = "build.lock"


@contextmanager
def build_lock(folder: Path) -> Iterator[None]:
    """Hold the project's build lock.

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
            raise UserError(
                f"a build is already running (process {holder})", str(folder), "Wait for it to end, then build again."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(json.dumps({"pid": os.getpid()}))
        file.flush()
        yield


def build_is_running(folder: Path) -> bool:
    """Whether a build holds the project's lock right now."""
    path = folder / LOCK
    if not path.exists():
        return False
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
