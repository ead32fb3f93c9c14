import errno
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.errors import UserError
from resources.artifact_store import ABANDONED_SECONDS, MANIFEST, ArtifactStore

WRITERS = Path(__file__).with_name("concurrent_writers.py")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(root=str(tmp_path / "artifacts"))


def writes(**files: str):
    def fill(folder: Path) -> None:
        for name, text in files.items():
            path = folder / name.replace("__", "/")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    return fill


def left(store: ArtifactStore, asset: str = "model") -> list[str]:
    return sorted(path.name for path in (Path(store.root) / asset).iterdir())


class TestPut:
    def test_what_was_put_can_be_read_with_what_was_said_of_it(self, store: ArtifactStore):
        digest = store.put("model", writes(weights="1", sub__more="2"), {"seed": 7, "as_of_day": "2025-01-01"})
        folder = store.get("model", digest)
        assert (folder / "sub" / "more").read_text() == "2"
        about = store.manifest("model", digest)
        assert (about["seed"], about["asset"], about["digest"]) == (7, "model", digest)
        assert set(about["files"]) == {"weights", "sub/more"}
        assert re.fullmatch(r"[0-9a-f]{32}", digest)

    def test_equal_content_is_stored_once(self, store: ArtifactStore):
        first = store.put("model", writes(a="1", b="2"), {"seed": 1})
        assert store.put("model", writes(b="2", a="1"), {"seed": 2}) == first
        assert left(store) == [first]
        assert store.manifest("model", first)["seed"] == 1

    @pytest.mark.parametrize("other", [{"a": "2"}, {"b": "1"}, {"a": "1", "b": ""}])
    def test_other_content_or_names_have_another_digest(self, store: ArtifactStore, other: dict):
        assert store.put("model", writes(a="1"), {}) != store.put("model", writes(**other), {})

    def test_what_is_said_of_it_cannot_forge_the_manifest(self, store: ArtifactStore):
        digest = store.put("model", writes(a="1"), {"files": {}, "digest": "x", "asset": "y"})
        assert store.manifest("model", digest)["files"].keys() == {"a"}

    def test_an_error_while_filling_leaves_nothing(self, store: ArtifactStore):
        def fill(folder: Path) -> None:
            (folder / "half").write_text("x")
            raise RuntimeError("disk full")

        with pytest.raises(RuntimeError, match="disk full"):
            store.put("model", fill, {})
        assert left(store) == []

    def test_a_damaged_one_is_replaced_by_the_same_content(self, store: ArtifactStore):
        digest = store.put("model", writes(a="1"), {})
        (Path(store.root) / "model" / digest / "a").write_text("broken")
        assert store.put("model", writes(a="1"), {}) == digest
        assert (store.get("model", digest) / "a").read_text() == "1"
        assert left(store) == [digest]

    def test_a_file_in_the_way_is_replaced(self, store: ArtifactStore, tmp_path: Path):
        digest = store.put("model", writes(a="1"), {})
        other = ArtifactStore(root=str(tmp_path / "other"))
        (tmp_path / "other" / "model").mkdir(parents=True)
        (tmp_path / "other" / "model" / digest).write_text("a file")
        assert other.put("model", writes(a="1"), {}) == digest
        assert (other.get("model", digest) / "a").read_text() == "1"

    def test_an_error_while_moving_is_not_swallowed(self, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch):
        def replace(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("resources.artifact_store.os.replace", replace)
        with pytest.raises(OSError, match="No space left"):
            store.put("model", writes(a="1"), {})
        assert left(store) == []

    def test_drafts_of_killed_processes_are_swept_in_time(self, store: ArtifactStore):
        store.put("model", writes(a="1"), {})
        home = Path(store.root) / "model"
        for name, age in ((".draft-old", ABANDONED_SECONDS + 60), (".draft-young", 60)):
            (home / name).mkdir()
            os.utime(home / name, (time.time() - age,) * 2)
        store.put("model", writes(a="2"), {})
        assert ".draft-old" not in left(store)
        assert ".draft-young" in left(store)

    def test_processes_that_put_the_same_at_once_all_succeed(self, store: ArtifactStore):
        command = [sys.executable, str(WRITERS), "put", store.root, str(time.time() + 4)]
        processes = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
        (digest,) = left(store)
        store.get("model", digest)


class TestGet:
    def test_a_changed_file_is_refused(self, store: ArtifactStore):
        digest = store.put("model", writes(weights="1"), {})
        (store.get("model", digest) / "weights").write_text("2")
        with pytest.raises(UserError, match=f"artifact model/{digest}: weights does not have the digest"):
            store.get("model", digest)

    @pytest.mark.parametrize("change", ["added", "missing"])
    def test_an_added_or_missing_file_is_refused(self, store: ArtifactStore, change: str):
        digest = store.put("model", writes(a="1", b="2"), {})
        folder = store.get("model", digest)
        if change == "added":
            (folder / "evil.py").write_text("")
        else:
            (folder / "b").unlink()
        with pytest.raises(UserError, match=r"files differ from the manifest: (evil.py|b)\. Materialise model again"):
            store.get("model", digest)

    def test_a_manifest_rewritten_to_match_is_refused(self, store: ArtifactStore):
        other = store.put("model", writes(a="2"), {})
        digest = store.put("model", writes(a="1"), {})
        folder, stranger = store.get("model", digest), store.get("model", other)
        for name in ("a", MANIFEST):
            (folder / name).write_bytes((stranger / name).read_bytes())
        with pytest.raises(UserError, match="its manifest is that of another artifact"):
            store.get("model", digest)

    @pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"asset": "model"})])
    def test_an_unreadable_manifest_is_told(self, store: ArtifactStore, text: str):
        digest = store.put("model", writes(a="1"), {})
        (store.get("model", digest) / MANIFEST).write_text(text)
        with pytest.raises(UserError, match="its manifest cannot be read"):
            store.manifest("model", digest)

    def test_an_unknown_one_is_told(self, store: ArtifactStore):
        with pytest.raises(UserError, match="it is not in the store"):
            store.get("model", "0" * 32)

    @pytest.mark.parametrize(("asset", "digest"), [("../model", "0" * 32), ("model", "../../etc"), ("model", "")])
    def test_names_that_lead_elsewhere_are_refused(self, store: ArtifactStore, asset: str, digest: str):
        with pytest.raises(UserError, match="this names no artifact"):
            store.get(asset, digest)
