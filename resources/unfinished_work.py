"""What a killed process leaves behind for the one that does the same work again."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PREFIX = ".unfinished-"
LOCK = "lock"
ABANDONED_SECONDS = 7 * 86_400


@contextlib.contextmanager
def unfinished_work(home: Path, name: str) -> Iterator[Path | None]:
    """A folder for one process at a time that stays where the process is killed or the block raises.

    It is removed at the end of the block, and a week later where nobody came back to it.

    Args:
        home: Where it lies; created where missing.
        name: Of the work, the same when it is begun again.

    Yields:
        The folder, empty or as it was left; `None` where another process is at the same work.
    """
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    folder = home / f"{PREFIX}{name}"
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    with (folder / LOCK).open("a") as lock:
        if not _is_ours(lock, folder):
            yield None
            return
        work = folder / "work"
        work.mkdir(exist_ok=True)
        yield work
        shutil.rmtree(folder)


def _is_ours(lock: IO[str], folder: Path) -> bool:
    """Lock it; it is nobody's any more where the folder was removed since it was opened."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(lock.fileno()).st_ino == (folder / LOCK).stat().st_ino
    except OSError:
        return False


def _sweep(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
                with (folder / LOCK).open("a") as lock:
                    if _is_ours(lock, folder):
                        shutil.rmtree(folder)
