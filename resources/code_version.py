"""Digests of our own source, so that a change of code makes what it computes stale."""

import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = {".py", ".sql", ".yml", ".jinja", ".css", ".json"}


@cache
def code_digest(*folders: str) -> str:
    """SHA-256 over the names and contents of the source files under some folders of the checkout.

    Args:
        folders: Relative to the checkout, e.g. `models/events`.

    Raises:
        FileNotFoundError: There is no such folder, so its changes would go unnoticed.
    """
    digest = hashlib.sha256()
    for folder in folders:
        if not (ROOT / folder).is_dir():
            raise FileNotFoundError(f"no folder {folder} in {ROOT}")
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT)
            if path.suffix in SUFFIXES and "target" not in name.parts and path.is_file():
                digest.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
