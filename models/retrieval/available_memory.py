"""How much memory a process can still have: of the machine, of its control group, of a GPU."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path("/")
LIMITS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Files of control groups of version 2 and of version 1: the limit, what is used, and what of that is mere cache."""


def available_memory(device: str = "cpu") -> int:
    """Bytes that can still be had: of a GPU for `cuda`, otherwise of the machine or, where less, of the control group.

    Args:
        device: `cpu` or `cuda`.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return min([psutil.virtual_memory().available, *left_in_control_groups()])


def left_in_control_groups(root: Path = ROOT) -> list[int]:
    """Bytes left in the group of this process and in each of those above it, which psutil does not look at.

    Args:
        root: Where `proc` and `sys` are.

    Returns:
        One number for each group that has a limit.
    """
    found = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers not in ("", "memory"):
            continue
        base = root / "sys/fs/cgroup" / controllers
        limit, used, cache = LIMITS[controllers == "memory"]
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            bound = _text(folder / limit).strip()
            if bound.isdigit():
                in_cache = re.search(rf"^{cache} (\d+)", _text(folder / "memory.stat"), re.MULTILINE)
                held = int(_text(folder / used) or 0) - int(in_cache[1] if in_cache else 0)
                found.append(max(0, int(bound) - held))
            if folder == base:
                break
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
