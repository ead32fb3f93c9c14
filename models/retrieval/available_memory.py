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


def available_memory(device: str = "cpu", root: Path = ROOT) -> int | None:
    """Bytes that can still be had: of a GPU for `cuda`, otherwise of the machine or, where less, of the control group.

    Args:
        device: `cpu` or `cuda`.
        root: Where `proc` and `sys` are.

    Returns:
        `None` where the system does not say.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    found = [*_of_machine(root), *_of_control_groups(root)]
    return min(found) if found else None


def _of_machine(root: Path) -> list[int]:
    numbers = _numbers(root / "proc/meminfo")
    return [numbers["MemAvailable"] * 1024] if "MemAvailable" in numbers else []


def _of_control_groups(root: Path) -> list[int]:
    """What is left in the group of this process and in all those above it."""
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
                held = int(_text(folder / used) or 0) - _numbers(folder / "memory.stat").get(cache, 0)
                found.append(max(0, int(bound) - held))
            if folder == base:
                break
    return found


def _numbers(path: Path) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r"^(\w+):?\s+(\d+)", _text(path), re.MULTILINE)}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
