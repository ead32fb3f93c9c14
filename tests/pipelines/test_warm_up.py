import importlib.util
import sys
import threading
from pathlib import Path

import pytest

from pipelines.warm_up import DBT_STEP, LIBRARIES, WarmUp


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes modules `warm_0`, `warm_1`, ... with the given text; their names."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(*texts: str) -> tuple[str, ...]:
        names = tuple(f"warm_{number}" for number in range(len(texts)))
        for name, text in zip(names, texts, strict=True):
            (tmp_path / f"{name}.py").write_text(text)
        return names

    yield write
    for name in [name for name in sys.modules if name.startswith("warm_")]:
        del sys.modules[name]


def test_libraries_are_there_when_dbt_has_ended(libraries):
    names = libraries("import time; time.sleep(0.2)")
    warm_up = WarmUp(names)
    warm_up.on_step("raw_events", "started")
    assert names[0] not in sys.modules
    warm_up.on_step(DBT_STEP, "started")
    warm_up.on_step(DBT_STEP, "succeeded")
    assert names[0] in sys.modules


def test_a_library_that_is_broken_is_left_to_the_step_that_needs_it(libraries):
    names = libraries("raise ImportError('no such symbol')", "raise OSError('libgomp.so is missing')", "")
    warm_up = WarmUp(names)
    warm_up.on_step(DBT_STEP, "started")
    warm_up._thread.join()
    warm_up.on_step(DBT_STEP, "failed")
    assert [name in sys.modules for name in names] == [False, False, True]


def test_nothing_is_imported_after_dbts_end(libraries, monkeypatch: pytest.MonkeyPatch):
    """Two threads that import at once can see each other's half-made modules."""
    names = libraries("import builtins; builtins.warm_gate.wait(10)", "")
    gate = threading.Event()
    monkeypatch.setattr("builtins.warm_gate", gate, raising=False)
    warm_up = WarmUp(names)
    warm_up.on_step(DBT_STEP, "started")
    threading.Timer(0.2, gate.set).start()
    warm_up.on_step(DBT_STEP, "succeeded")
    assert not warm_up._thread.is_alive()
    assert [name in sys.modules for name in names] == [True, False]


def test_its_libraries_are_installed():
    assert all(importlib.util.find_spec(name) for name in LIBRARIES)
