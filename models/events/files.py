"""Which files a source names, and what identifies their content."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from models.errors import UserError
from models.events.file_format import FileFormat


@dataclass(frozen=True)
class SourceFile:
    """One raw file.

    Attributes:
        path: Where it lies on this machine.
        name: Its path below the source's folder, with `/`: the same on every machine, so it can be stored.
        day: The day it covers, or `None` where it may hold any day.
    """

    path: Path
    name: str
    day: date | None


def list_source_files(source: FileFormat, base: Path) -> list[SourceFile]:
    """Find the files of a source, sorted by name.

    A folder stands for every file below it, except those whose own or folder's name begins with `.` or `_`
    (temporary and marker files). Names are relative to the folder, or to the part of a glob before its first wildcard.

    Args:
        source: An `EventSource` or `CatalogueSource`.
        base: The folder relative paths start from (where sluice.yaml lies).

    Raises:
        UserError: Nothing is there, or a file's name does not show its day as `day_pattern` says.
    """
    root, paths = _find(source.path, base)
    if not paths:
        problem = "does not exist" if not glob.has_magic(source.path) else "matches no file"
        found = f"{base / source.path} {'holds no file' if (base / source.path).is_dir() else problem}"
        raise UserError(found, f"`path: {source.path}`", "Correct `path` in sluice.yaml.")
    files, pattern = [], source.day_pattern
    for path in paths:
        name = PurePosixPath(path.relative_to(root)).as_posix()
        files.append(SourceFile(path, name, None if pattern is None else _day(name, pattern, path)))
    return sorted(files, key=lambda file: file.name)


def _find(pattern: str, base: Path) -> tuple[Path, list[Path]]:
    """The folder names are relative to, and the files."""
    wanted = base / pattern
    if wanted.is_dir():
        return wanted, [path for path in wanted.rglob("*") if path.is_file() and _visible(path.relative_to(wanted))]
    if wanted.is_file() or not glob.has_magic(pattern):
        return wanted.parent, [wanted] if wanted.is_file() else []
    fixed = list(itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    matches = [base / match for match in glob.glob(pattern, root_dir=base, recursive=True)]
    return base.joinpath(*fixed), [path for path in matches if path.is_file()]


def _visible(path: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in path.parts)


def _day(name: str, pattern: str, path: Path) -> date:
    match = re.search(pattern, name)
    try:
        return date.fromisoformat(match[1] if match else "")
    except (ValueError, TypeError):
        found = f"no day {match[1]!r}" if match else f"the name does not match `day_pattern: {pattern}`"
        mend = "Correct `day_pattern`, or narrow `path` to the files that carry a day, in sluice.yaml."
        raise UserError(found, str(path), mend) from None


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes as they lie on disk (compressed files are not opened), as hex.

    Raises:
        UserError: The file cannot be read.
    """
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"cannot be read: {os.strerror(error.errno or 0)}", str(path), "Mend its permissions."
        ) from None
