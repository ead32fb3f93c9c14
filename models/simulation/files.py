"""Writing the shop's files: whole or not at all, untouched where nothing changed, and a list of what was written."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import orjson

from models.simulation.config import SimulationConfig

MANIFEST = "simulation.json"


class ShopFolder:
    """The folder a shop is written to.

    Args:
        folder: Created where it is missing.
        config: What is written there.
    """

    def __init__(self, folder: Path, config: SimulationConfig):
        self.folder, self.config = folder, config
        self.written: list[str] = []
        self.kept: list[str] = []
        self._before = _read_manifest(folder)
        (folder / MANIFEST).unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a file; one that already holds these bytes is left alone, with its modification time."""
        path = self.folder / name
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            self.kept.append(name)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        os.replace(part, path)
        self.written.append(name)

    def write_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Write arrays as `.npz`; strings are stored as fixed-width text, so nothing is pickled."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)  # type: ignore[arg-type]
        self.write(name, buffer.getvalue())

    def finish(self) -> None:
        """Remove what an earlier simulation left here and this one did not write, then write the manifest."""
        current = set(self.written) | set(self.kept)
        for name in self._before.get("files", []):
            if name not in current:
                (self.folder / name).unlink(missing_ok=True)
        manifest = {"config": config_digest(self.config), "files": sorted(current)}
        (self.folder / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def config_digest(config: SimulationConfig) -> str:
    """SHA-256 of a config."""
    return hashlib.sha256(orjson.dumps(config.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()


def is_simulated(config: SimulationConfig, folder: Path) -> bool:
    """Whether a finished simulation of exactly this config lies in a folder.

    Tells in a millisecond that `simulate` would be a waste. It looks at names only: a day file that someone edited
    since stays as it is until `simulate` is called.
    """
    manifest = _read_manifest(folder)
    if manifest.get("config") != config_digest(config):
        return False
    return all((folder / name).is_file() for name in manifest["files"])


def _read_manifest(folder: Path) -> dict:
    path = folder / MANIFEST
    return orjson.loads(path.read_bytes()) if path.is_file() else {}
