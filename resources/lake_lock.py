"""Who may work on the lake: any number of writers, or upkeep alone.

Merging files beside a writer makes one of the two fail, and dbt does not try again. The lock belongs to the catalogue
(a file beside it, or the server's own), and dies with the process that holds it. Readers need none.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.errors import UserError

PATIENCE_SECONDS = 600
POLL_SECONDS = 0.2

Take = Callable[[bool], bool]
"""Takes the lock, alone or with others, and says whether it did; it is held to the end of its block."""


class Lock(Protocol):
    """Something that several processes hold side by side, or one alone."""

    @property
    def place(self) -> str:
        """Where it is, for errors."""

    def block(self) -> AbstractContextManager[Take]:
        """A block in which the lock can be taken."""


@dataclass(frozen=True)
class FileLock:
    """A lock file, for the processes of one machine.

    Attributes:
        file: Created where it is missing.
    """

    file: Path

    @property
    def place(self) -> str:
        """Its folder."""
        return str(self.file.parent)

    @contextmanager
    def block(self) -> Iterator[Take]:
        """While the file is open."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:

            def take(alone: bool) -> bool:
                try:
                    fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                return True

            yield take


_alone_with: ContextVar[Lock | None] = ContextVar("alone_with", default=None)


@contextmanager
def shared(lock: Lock) -> Iterator[None]:
    """Hold the lock as one writer of several; waits while upkeep is at work."""
    if _alone_with.get() == lock:
        yield
        return
    with lock.block() as take:
        while not take(False):
            time.sleep(POLL_SECONDS)
        yield


@contextmanager
def alone(lock: Lock, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock with no writer beside; what is written inside needs no other.

    Args:
        lock: The lake's.
        patience_seconds: How long to wait for the writers.

    Raises:
        UserError: They did not come to an end.
    """
    with lock.block() as take:
        given_up = time.monotonic() + patience_seconds
        while not take(True):
            if time.monotonic() > given_up:
                found = f"something has been writing to the lake for {patience_seconds:.0f} s"
                raise UserError(found, lock.place, "Start maintenance again once it is done.")
            time.sleep(POLL_SECONDS)
        token = _alone_with.set(lock)
        try:
            yield
        finally:
            _alone_with.reset(token)
