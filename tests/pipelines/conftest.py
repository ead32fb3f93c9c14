"""A tiny shop, simulated and built once through the real command, and drafts of configs of public logs.

Tests that change the shop work on a copy.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner, Result

from models.events.days import DayRange
from models.events.files import list_source_files
from models.events.read import read_event_file
from pipelines.cli import app
from pipelines.storage import warehouse_of
from resources.settings import Project, load_project
from resources.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))

HOSTILE_TITLE = "[bold]Lamp[/bold] <script>alert(1)</script> :bug: \x1b[31mred"

CONFIG = yaml.safe_load(r"""
name: tiny
output: build
simulate: {start: 2025-09-01, days: 14, users: 80, items: 60, sessions_per_user_day: 0.5}
simulate_into: shop
events:
  path: shop/events
  format: jsonl
  day_pattern: '(\d{4}-\d{2}-\d{2})'
  columns: {event_id: event_id, user_id: user_id, item_id: item_id, event_type: type, event_at: ts,
    session_id: session_id, impression_id: impression_id, position: position, propensity: propensity,
    price: price, quantity: quantity, query: query, user_agent: user_agent}
catalogue:
  path: shop/catalogue.jsonl
  format: jsonl
  columns: {item_id: item_id, title: title, description: description, category: category, brand: brand,
    price: price, available_from: available_from, withdrawn_at: withdrawn_at}
event_types:
  {impression: {weight: 0}, search: {weight: 0}, click: {weight: 1}, cart: {weight: 3}, purchase: {weight: 5}}
partitions: {start: 2025-09-01, end: 2025-09-30}
split: {validation_days: 2, test_days: 2}
checks: {volume_ratio: null}
text: {encoder: hashing}
retrievers:
  popularity: {}
  # A baseline that looks at one hour, so that one epoch beats it: this tests the way, not the models.
  recent_popularity: {window_days: 0.05}
  ease: {}
  sasrec: {embedding_size: 8, max_epochs: 1}
evaluation: {n_resamples: 100}
""")


@dataclass(frozen=True)
class Built:
    """A built project and what its commands said."""

    folder: Path
    simulated: SimpleNamespace
    built: SimpleNamespace

    @property
    def config(self) -> Path:
        return self.folder / "sluice.yaml"

    @property
    def project(self) -> Project:
        return load_project(self.config)

    @property
    def warehouse(self) -> Warehouse:
        return warehouse_of(self.project)


@pytest.fixture(autouse=True)
def _environment_is_restored() -> Iterator[None]:
    """Commands point `DAGSTER_HOME` at their project."""
    before = dict(os.environ)
    os.environ.pop("SLUICE_CONFIG", None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def invoke() -> Callable[..., Result]:
    """Run the command in this process; a traceback of ours fails the test."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(
            app, [str(argument) for argument in arguments], prog_name="sluice", catch_exceptions=False
        )

    return run


@pytest.fixture(scope="session")
def refused(invoke) -> Callable[..., str]:
    """Run the command, which must end with one line on standard error and status 2; returns the line."""

    def run(*arguments: object) -> str:
        result = invoke(*arguments)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("sluice: ")
        assert result.stderr.count("\n") == 1
        assert "\x1b" not in result.stderr
        return result.stderr.removeprefix("sluice: ").rstrip("\n")

    return run


@pytest.fixture(scope="session")
def tiny(made_once, invoke) -> Built:
    """The built shop; not to be changed."""

    def said(*arguments: object) -> SimpleNamespace:
        result = invoke(*arguments)
        names = ("exit_code", "stdout", "stderr", "output")
        return SimpleNamespace(**{name: getattr(result, name) for name in names})

    def make(folder: Path):
        before = dict(os.environ)
        config = write_config(folder)
        simulated = said("simulate", "-c", config)
        give_hostile_titles(folder / "shop" / "catalogue.jsonl")
        built = said("build", "-c", config)
        assert built.exit_code == 0, built.output
        os.environ.clear()
        os.environ.update(before)
        return folder, simulated, built

    return Built(*made_once("tiny", make))


@pytest.fixture
def copy(tiny: Built, tmp_path: Path) -> Built:
    """A copy of the built shop, for tests that change it."""
    shutil.copytree(tiny.folder, tmp_path / "copy")
    return Built(tmp_path / "copy", tiny.simulated, tiny.built)


@pytest.fixture
def unbuilt(tiny: Built, tmp_path: Path) -> Path:
    """The config of the simulated shop, with nothing built."""
    shutil.copytree(tiny.folder / "shop", tmp_path / "shop")
    return write_config(tmp_path)


def write_config(folder: Path, **sections: object) -> Path:
    file = folder / "sluice.yaml"
    file.write_text(yaml.safe_dump({**CONFIG, **sections}, sort_keys=False))
    return file


@pytest.fixture(scope="session")
def configure() -> Callable[..., Path]:
    """Write the shop's config into a folder, with some sections replaced."""
    return write_config


@pytest.fixture(scope="session")
def hostile_title() -> str:
    return HOSTILE_TITLE


def give_hostile_titles(catalogue: Path) -> None:
    """Every second item."""
    items = [json.loads(line) for line in catalogue.read_text().splitlines()]
    for item in items[::2]:
        item["title"] = HOSTILE_TITLE
    catalogue.write_text("".join(json.dumps(item) + "\n" for item in items))


@pytest.fixture
def drafted(tmp_path: Path, monkeypatch, invoke):
    """Write the files of a shape, draft their config and load it."""
    from public_logs import FILES

    def draft(shape: str):
        monkeypatch.chdir(tmp_path)
        for name, data in FILES[shape].items():
            (tmp_path / name).write_bytes(data)
        result = invoke("init", *FILES[shape])
        assert result.exit_code == 0, result.output
        return load_project(tmp_path / "sluice.yaml")

    return draft


@pytest.fixture
def events(drafted):
    """The batch of the only event file of a shape."""

    def read(shape: str):
        project = drafted(shape)
        (file,) = list_source_files(project.settings.events, project.base)
        return read_event_file(file, project.settings.events, DayRange(date(2000, 1, 1)))

    return read
