import importlib.metadata
import os
from collections import namedtuple
from pathlib import Path

import pytest

from pipelines import doctor


def test_a_good_project_passes_and_nothing_is_written(unbuilt: Path, invoke):
    before = sorted(unbuilt.parent.rglob("*"))
    result = invoke("doctor", "-c", unbuilt)
    assert result.exit_code == 0, result.stdout
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok"] * 8
    assert "14 event file(s), 2025-09-01 to 2025-09-14; 1 catalogue file(s)" in result.stdout
    assert sorted(unbuilt.parent.rglob("*")) == before


def test_a_catalogue_on_a_server_is_tried(invoke, configure, postgres, tmp_path: Path):
    def last_line(connection: str) -> str:
        place = configure(tmp_path, name="doctored", warehouse={"catalog": f"postgres:{connection}"})
        return invoke("doctor", "-c", place).stdout.splitlines()[-1]

    good = last_line(postgres.connection())
    assert good.startswith("ok    catalogue          PostgreSQL ")
    assert good.endswith(", database postgres, schema sluice_doctored, not yet made")
    assert postgres.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'sluice_doctored'") == "0"
    assert last_line(f"host={tmp_path}/nowhere").startswith("FAIL  catalogue          postgres:host=")
    assert "GRANT CREATE ON DATABASE postgres TO stranger" in last_line(postgres.connection(user="stranger"))


def test_a_bad_config_is_told_once(invoke, tmp_path: Path):
    (tmp_path / "sluice.yaml").write_text("name: x\n")
    result = invoke("doctor", "-c", tmp_path / "sluice.yaml")
    assert result.exit_code == 2
    failed = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 1
    assert "`output`: is missing" in failed[0]


def test_missing_sources_are_told(invoke, tmp_path: Path, configure):
    result = invoke("doctor", "-c", configure(tmp_path))
    assert result.exit_code == 2
    assert "FAIL  sources" in result.stdout
    assert "`sluice simulate`" in result.stdout


def test_too_little_space_is_told(unbuilt: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(1, 1, 2**30))
    result = invoke("doctor", "-c", unbuilt)
    assert result.exit_code == 2
    assert "FAIL  output             " in result.stdout
    assert "1.0 GiB free. Free at least 2 GiB." in result.stdout


def test_an_output_that_cannot_be_written_is_told(unbuilt: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    # Only writing: `os` is one module, and the command line asks it whether the config can be read.
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: not mode & os.W_OK)
    result = invoke("doctor", "-c", unbuilt)
    assert result.exit_code == 2
    (failed,) = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert failed == f"FAIL  output             {unbuilt.parent}: not writable. Choose another `output` in sluice.yaml."


def test_an_output_below_a_file_is_told(unbuilt: Path, invoke, configure):
    (unbuilt.parent / "notes").write_text("a file")
    result = invoke("doctor", "-c", configure(unbuilt.parent, output="notes/build"))
    assert result.exit_code == 2
    assert f"FAIL  output             {unbuilt.parent / 'notes'}: a file is in the way." in result.stdout


def test_missing_packages_are_told(unbuilt: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    original = importlib.metadata.version

    def version(name: str) -> str:
        if name == "lightgbm":
            raise importlib.metadata.PackageNotFoundError
        return original(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    assert (
        "FAIL  packages           packages: missing lightgbm. Run `make install`."
        in invoke("doctor", "-c", unbuilt).stdout
    )


def test_versions_that_do_not_belong_together_are_told(unbuilt: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda name: "1.5.4" if name == "duckdb" else "1.5.5")
    assert "DuckDB and its extensions have different versions: 1.5.4, 1.5.5" in invoke("doctor", "-c", unbuilt).stdout


def test_a_package_that_does_not_import_is_told(capsys: pytest.CaptureFixture):
    def step() -> str:
        raise ImportError("libgomp.so.1: cannot open shared object file")

    assert not doctor._report("device", step)
    assert capsys.readouterr().out == (
        "FAIL  device             libgomp.so.1: cannot open shared object file. Run `make install`.\n"
    )


@pytest.mark.parametrize("available", [True, False])
def test_the_device_is_named(available: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: available)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda index: "A GPU")
    assert doctor._device().startswith("A GPU" if available else "cpu, ")


def test_extensions_that_do_not_load_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    import duckdb

    class Broken:
        def load_extension(self, name: str) -> None:
            raise duckdb.IOException("IO Error: not found\nmore")

    monkeypatch.setattr(duckdb, "connect", lambda path: Broken())
    assert not doctor._report("duckdb extensions", doctor._extensions)
    assert "IO Error: not found. Run `make install`." in capsys.readouterr().out
