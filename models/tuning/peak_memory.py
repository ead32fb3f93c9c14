"""The most memory a process held while something ran, as Linux counts it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Self

PROCESS = Path("/proc/self")
RESET_PEAK = "5"


class PeakMemory:
    """A context; `n_bytes` afterwards is the peak of the whole process within it, `None` where nobody counts."""

    n_bytes: int | None = None

    def __enter__(self) -> Self:
        self._known = False
        with suppress(OSError):
            (PROCESS / "clear_refs").write_text(RESET_PEAK)
            self._known = True
        return self

    def __exit__(self, kind, error, trace) -> None:
        if not self._known:
            return
        found = re.search(r"^VmHWM:\s+(\d+) kB", (PROCESS / "status").read_text(), re.MULTILINE)
        self.n_bytes = int(found[1]) * 1024 if found else None
