"""Who may work on the lake: any number of writers, or upkeep alone.

Merging files beside a writer makes one of the two fail, and dbt does not try again. The lock is a file beside the
catalogue, and dies with the process that holds it. Readers need none.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from models.errors import UserError

LOCK = "writers.lock"
PATIENCE_SECONDS = 600
POLL_SECONDS = 0.2

_alone_in: ContextVar[Path | None] = ContextVar("alone_in", default=None)


@contextmanager
def shared(folder: Path) -> Iterator[None]:
    """Hold the lock as one writer of several; waits while upkeep is at work.

    Args:
        folder: The catalogue's folder.
    """
    if _alone_in.get() == folder:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(folder: Path, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock with no writer beside; what is written inside needs no other.

    Args:
        folder: The catalogue's folder.
        patience_seconds: How long to wait for the writers.

    Raises:
        UserError: They did not come to an end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        _wait(file, folder, patience_seconds)
        token = _alone_in.set(folder)
        try:
            yield
        finally:
            _alone_in.reset(token)


def _wait(file, folder: Path, patience_seconds: float) -> None:
    given_up = time.monotonic() + patience_seconds
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > given_up:
                found = f"something has been writing to the lake for {patience_seconds:.0f} s"
                raise UserError(found, str(folder), "Start maintenance again once it is done.") from None
            time.sleep(POLL_SECONDS)
