"""The artifact store: weights, indexes and reports by content digest, verified before every load."""

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dagster as dg

from models.errors import UserError
from resources.unfinished_work import unfinished_work

MANIFEST = "manifest.json"
DIGEST = re.compile(r"[0-9a-f]{32}")
DRAFT = ".draft-"
MOVES = 3
ABANDONED_SECONDS = 86_400
NAME = re.compile(r"[a-z][a-z0-9_]*")


class ArtifactStore(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Folders `<root>/<asset>/<digest>/`, each with a `manifest.json`.

    Attributes:
        root: Where the artifacts lie.
    """

    root: str

    def put(self, asset: str, fill: Callable[[Path], None], about: dict[str, Any]) -> str:
        """Store what `fill(folder)` writes; nothing is left where it raises.

        Args:
            asset: The asset's name.
            fill: Writes the files into the empty folder it is given.
            about: Config, code version, input versions, seed, metrics: kept in the manifest.

        Returns:
            The digest: SHA-256 over the files' names and contents, so equal contents are stored once.
        """
        home = self._folder(asset, "0" * 32).parent
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=home))
        try:
            fill(draft)
            files = {path.relative_to(draft).as_posix(): _sha256(path) for path in _files(draft)}
            digest = _digest(files)
            created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            manifest = {**about, "asset": asset, "digest": digest, "files": files, "created_at": created}
            (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True, default=str))
            self._move(draft, home / digest)
            return digest
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def unfinished(self, asset: str, name: str) -> AbstractContextManager[Path | None]:
        """Where an asset keeps what it has so far, see `unfinished_work`.

        Args:
            asset: The asset's name.
            name: Of the work, such as its as-of day.
        """
        return unfinished_work(self._folder(asset, "0" * 32).parent, name)

    def _move(self, draft: Path, target: Path) -> None:
        """Put a finished draft in its place, unless the same artifact lies there already."""
        draft.chmod(0o755)
        for attempt in range(MOVES):
            if not self._problem(target):
                os.utime(target / MANIFEST)  # As young as a new one: whoever put it has yet to name it.
                return
            try:
                if target.exists():
                    # Damaged; moved aside first, since a folder with files cannot be replaced in one step.
                    with tempfile.TemporaryDirectory(prefix=DRAFT, dir=target.parent) as aside:
                        os.replace(target, Path(aside) / target.name)
                os.replace(draft, target)
                return
            except OSError:
                # Perhaps another process has just put it there: looked at again.
                if attempt + 1 == MOVES:
                    raise

    def get(self, asset: str, digest: str) -> Path:
        """The folder of an artifact, after every file's SHA-256 was compared with the manifest.

        Raises:
            UserError: It is missing or its files are not those that were stored.
        """
        folder = self._folder(asset, digest)
        problem = self._problem(folder)
        if problem:
            raise UserError(problem, f"artifact {asset}/{digest}", f"Materialise {asset} again for this as-of day.")
        return folder

    def manifest(self, asset: str, digest: str) -> dict[str, Any]:
        """The manifest of a verified artifact."""
        return json.loads((self.get(asset, digest) / MANIFEST).read_text())

    def n_bytes(self, asset: str, digest: str) -> int | None:
        """Size of an artifact's files, unread and so unverified; `None` where it is not in the store."""
        folder = self._folder(asset, digest)
        return sum(path.stat().st_size for path in _files(folder)) if folder.is_dir() else None

    def remove_unnamed(self, named: set[tuple[str, str]], older_than: dt.datetime) -> list[tuple[str, str]]:
        """Remove artifacts that nothing names; killed half-way, an artifact is there whole or not at all.

        Args:
            named: Asset and digest of those to keep.
            older_than: Those that were put later stay, since they may be named any moment; with a time zone.

        Returns:
            Asset and digest of what was removed.
        """
        removed = []
        for manifest in sorted(Path(self.root).glob(f"*/*/{MANIFEST}")):
            folder = manifest.parent
            name = (folder.parent.name, folder.name)
            kept = name in named or manifest.stat().st_mtime >= older_than.timestamp()
            if kept or not DIGEST.fullmatch(folder.name):
                continue
            with tempfile.TemporaryDirectory(prefix=DRAFT, dir=folder.parent) as aside:
                os.replace(folder, Path(aside) / folder.name)
            removed.append(name)
        return removed

    def _folder(self, asset: str, digest: str) -> Path:
        """Where an artifact lies; names that could point elsewhere are refused."""
        if not NAME.fullmatch(asset) or not DIGEST.fullmatch(digest):
            raise UserError("this names no artifact", f"{asset!r}/{digest!r}", "Take both from a release.")
        return Path(self.root) / asset / digest

    @staticmethod
    def _problem(folder: Path) -> str | None:
        """Why an artifact cannot be used; `None` when it is what its digest says."""
        if not (folder / MANIFEST).is_file():
            return "it is not in the store"
        try:
            files: dict[str, str] = json.loads((folder / MANIFEST).read_text())["files"]
        except (ValueError, KeyError, TypeError):
            return "its manifest cannot be read"
        present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST}
        if present != set(files):
            return f"files differ from the manifest: {', '.join(sorted(present ^ set(files))[:3])}"
        changed = [name for name, digest in files.items() if _sha256(folder / name) != digest]
        if changed:
            return f"{changed[0]} does not have the digest in the manifest"
        return None if _digest(files) == folder.name else "its manifest is that of another artifact"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:32]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sweep(home: Path) -> None:
    """Remove drafts a day old: what filled them was killed (writing one takes seconds)."""
    for draft in home.glob(f"{DRAFT}*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(draft)
