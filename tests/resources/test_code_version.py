from pathlib import Path

import pytest

from resources import code_version


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`code_digest` of a checkout that lies in a folder named like dbt's output, uncached."""
    root = tmp_path / "target" / "checkout"
    (root / "models" / "deep").mkdir(parents=True)
    (root / "models" / "deep" / "a.py").write_text("x = 1")
    (root / "dbt").mkdir()
    (root / "dbt" / "a.sql").write_text("SELECT 1")
    monkeypatch.setattr(code_version, "ROOT", root)
    return root, code_version.code_digest.__wrapped__


def test_a_changed_added_renamed_or_removed_file_changes_it(digest):
    root, of = digest
    seen = [of("models")]
    (root / "models" / "deep" / "a.py").write_text("x = 2")
    seen.append(of("models"))
    (root / "models" / "b.sql").write_text("")
    seen.append(of("models"))
    (root / "models" / "b.sql").rename(root / "models" / "c.sql")
    seen.append(of("models"))
    (root / "models" / "c.sql").unlink()
    assert of("models") == seen[1]
    assert len(set(seen)) == 4


def test_what_is_no_source_or_lies_elsewhere_does_not(digest):
    root, of = digest
    before = of("models")
    (root / "models" / "__pycache__").mkdir()
    (root / "models" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (root / "models" / "target").mkdir()
    (root / "models" / "target" / "compiled.sql").write_text("x")
    (root / "dbt" / "a.sql").write_text("SELECT 2")
    assert of("models") == before
    assert of("models", "dbt") != before


def test_a_folder_that_is_not_there_is_an_error(digest):
    with pytest.raises(FileNotFoundError, match="no folder modles"):
        digest[1]("modles")


def test_the_folders_of_the_fingerprints_hold_source():
    from assets.fingerprints import LEARNING_CODE, TABLE_CODE

    assert len({code_version.code_digest(folder) for folder in (*LEARNING_CODE, *TABLE_CODE)}) == len(
        {*LEARNING_CODE, *TABLE_CODE}
    )
