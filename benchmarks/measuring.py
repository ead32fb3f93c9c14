"""What a command takes, with all its children."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
EVERY_SECONDS = 0.1


@dataclass
class Measured:
    """Seconds of the clock and of the processors, and the most memory resident, in GiB."""

    wall: float
    cpu: float
    peak: float


def measure(command: list[str]) -> Measured:
    """Run a command in the repository's root; its output passes through.

    Peak memory is the largest sum of resident memory of the process and its children, sampled ten times a second.
    """
    before, started, peak, ended = _cpu_seconds(), time.monotonic(), [0], threading.Event()
    process = subprocess.Popen(command, cwd=ROOT)

    def watch() -> None:
        while not ended.wait(EVERY_SECONDS):
            peak[0] = max(peak[0], _resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    wall = time.monotonic() - started
    ended.set()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with status {code}")
    return Measured(wall, _cpu_seconds() - before, peak[0] / 2**30)


def _cpu_seconds() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident(pid: int) -> int:
    """Bytes resident of a process and all below it; those that just ended count 0."""
    total = 0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
