"""A tiny simulated shop, built once in a session: what the tests of the assets, of their graph and of faults share."""

import datetime as dt
import fcntl
import json
import os
import pickle
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent / "servers"))  # not this folder: its `models` would hide ours

from throwaway_postgres import postgres  # noqa: F401

FIRST, LAST = dt.date(2025, 9, 1), dt.date(2025, 9, 20)
EMPTY_DAY, MISSING_DAY = dt.date(2025, 9, 8), dt.date(2025, 9, 10)
TWICE_DAY = dt.date(2025, 9, 15)
N_RETURNS = 4
SEASON_DAYS = 23
EVENT_FIELDS = (
    *("event_id", "user_id", "item_id", "session_id", "impression_id", "position", "propensity", "price"),
    *("quantity", "query", "user_agent"),
)
ITEM_FIELDS = ("item_id", "title", "description", "category", "brand", "price", "available_from", "withdrawn_at")
CONFIG = {
    "name": "tiny",
    "output": "build",
    "simulate": {
        "start": str(FIRST),
        "days": SEASON_DAYS,
        "users": 120,
        "items": 80,
        "launch_days": 30,
        "withdrawn_share": 0.15,
        "dirt": {"late_rate": 0.03},
    },
    "simulate_into": "shop",
    "events": {
        "path": "shop/events",
        "format": "jsonl",
        "day_pattern": r"(\d{4}-\d{2}-\d{2})",
        "columns": {name: name for name in EVENT_FIELDS} | {"event_type": "type", "event_at": "ts"},
        "late_days": 2,
    },
    "catalogue": {"path": "shop/catalogue.jsonl", "format": "jsonl", "columns": {name: name for name in ITEM_FIELDS}},
    "event_types": {
        **{name: {"weight": 0} for name in ("impression", "search")},
        **{name: {"weight": weight} for name, weight in (("click", 1), ("cart", 3), ("purchase", 5))},
    },
    "partitions": {"start": str(FIRST), "end": "2025-10-31"},
    "split": {"validation_days": 3, "test_days": 3},
    "cleaning": {"max_user_events_per_day": 300},
    "text": {"encoder": "hashing"},
    "evaluation": {"ks": [5, 10], "n_resamples": 100},
    "recommendations": {"k": 10, "candidates_per_source": 30},
    "retrievers": {
        "popularity": {},
        "recent_popularity": {},
        "ease": {},
        # Small steps of small batches: enough to be clearly no worse than recent popularity on 120 users.
        "sasrec": {
            "embedding_size": 16,
            "n_blocks": 1,
            "max_length": 20,
            "n_negatives": 64,
            "max_epochs": 4,
            "learning_rate": 0.01,
            "warmup_steps": 5,
            "batch_tokens": 128,
        },
    },
    # One thread: on a busy machine LightGBM's threads wait for each other for seconds.
    "rankers": {"lambdarank": {"n_trees": 20, "n_leaves": 7, "n_threads": 1}},
    "index": {"search_threads": 1},
    "compute": {"device": "cpu", "n_threads": 1},
}


class TinyShop:
    """A project in a folder: `sluice.yaml`, the shop's files in `shop/`, what was built in `build/`."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def project(self):
        from resources.settings import load_project

        return load_project(self.folder / "sluice.yaml")

    @property
    def warehouse(self):
        from pipelines.storage import warehouse_of

        return warehouse_of(self.project)

    @property
    def artifacts(self):
        from pipelines.storage import artifacts_of

        return artifacts_of(self.project)

    @property
    def catalogue(self) -> Path:
        return self.folder / "shop" / "catalogue.jsonl"

    def day_file(self, day: dt.date) -> Path:
        return self.folder / "shop" / "events" / f"{day}.jsonl"

    def configure(self, **sections: dict) -> None:
        """Change some sections of `sluice.yaml`."""
        path = self.folder / "sluice.yaml"
        config = yaml.safe_load(path.read_text())
        for name, values in sections.items():
            config[name] = {**config.get(name, {}), **values}
        path.write_text(yaml.safe_dump(config))

    def deliver(self, day: dt.date) -> Path:
        """Bring the season's file of a later day."""
        return Path(shutil.copyfile(self.folder / "season" / f"{day}.jsonl", self.day_file(day)))

    def returns(self, bought_on: dt.date, n: int, on: dt.date) -> list[bytes]:
        """Lines that return the first `n` purchases of a day's file on another day."""
        lines = [line for line in self.day_file(bought_on).read_bytes().splitlines() if b'"purchase"' in line]
        bought = [json.loads(line) for line in lines if line.endswith(b"}") and f'"ts":"{bought_on}'.encode() in line]
        back = {"type": "return", "ts": f"{on}T23:00:00Z", "session_id": None}
        rows = [{**event, **back, "event_id": f"return-{event['event_id']}-{on}"} for event in bought[:n]]
        return [json.dumps(row).encode() + b"\n" for row in rows]

    def copy(self, to: Path, built: bool = True) -> "TinyShop":
        """The same project elsewhere, with or without what was built; DuckLake's catalogue names its data folder."""
        shutil.copytree(self.folder, to, ignore=None if built else shutil.ignore_patterns("build"))
        copied = TinyShop(to)
        if built:
            with sqlite3.connect(copied.project.catalog_path) as connection:
                path = f"{copied.project.data_path}/"
                connection.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", [path])
            connection.close()
        return copied

    def build(self):
        from pipelines.build import build

        return build(self.project)

    def backfill_days(self, first: dt.date, last: dt.date):
        from pipelines.build import backfill_days

        return backfill_days(self.project, first, last)

    def newest_release(self):
        from pipelines.releases import newest_release

        return newest_release(self.warehouse)

    def definitions(self):
        from pipelines.definitions import build_definitions

        return build_definitions(self.project)

    def instance(self):
        from pipelines.dagster_home import instance_of

        return instance_of(self.project.dagster_home)

    def materialised(self, run_id: str) -> set[str]:
        """Assets that a run materialised."""
        from dagster import DagsterEventType

        entries = self.instance().all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
        return {entry.dagster_event.asset_key.to_user_string() for entry in entries}

    def sql(self, *statements: str) -> None:
        """Change tables behind the assets' back."""
        with self.warehouse.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def tables(self) -> list[str]:
        sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY table_name"
        return self.warehouse.read(sql)["table_name"].to_list()

    def digests(self, tables: list[str]) -> dict[str, str]:
        return {name: self.warehouse.digest(name) for name in tables}


def make_shop(folder: Path) -> TinyShop:
    """Simulate a season; the shop has its first 20 days.

    One of them is without a line, one without a file; a click of `TWICE_DAY` is delivered again a day later, and what
    some users bought on it is returned.
    """
    from models.simulation.shop import simulate

    folder.mkdir(parents=True)
    (folder / "sluice.yaml").write_text(yaml.safe_dump(CONFIG))
    shop = TinyShop(folder)
    simulate(shop.project.settings.simulate, folder / "shop")
    shutil.copytree(folder / "shop" / "events", folder / "season")
    for offset in range(SEASON_DAYS):
        day = FIRST + dt.timedelta(days=offset)
        if day > LAST or day == MISSING_DAY:
            shop.day_file(day).unlink()
    shop.day_file(EMPTY_DAY).write_text("")
    click = next(line for line in shop.day_file(TWICE_DAY).read_bytes().splitlines() if b'"click"' in line)
    with shop.day_file(TWICE_DAY + dt.timedelta(days=1)).open("ab") as file:
        file.write(click + b"\n")
        file.writelines(shop.returns(TWICE_DAY, N_RETURNS, TWICE_DAY + dt.timedelta(days=1)))
    with shop.catalogue.open("a") as file:
        file.write("{half a line\n")
    return shop


@pytest.fixture(scope="session")
def new_shop():
    """Makes an unbuilt shop in a folder."""
    return make_shop


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, request):
    """Makes something slow in a folder of its own once for all processes of a test run; the others wait for it.

    Called with a name and a function, which takes the folder and returns what can be pickled.
    """

    def make_or_take(name: str, make):
        base = tmp_path_factory.getbasetemp()
        shared = base.parent if hasattr(request.config, "workerinput") else base
        result = shared / f"{name}.pickle"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not result.exists():
                result.write_bytes(pickle.dumps(make(Path(tempfile.mkdtemp(prefix=name, dir=shared)))))
        return pickle.loads(result.read_bytes())

    return make_or_take


@pytest.fixture(scope="session")
def built(made_once) -> TinyShop:
    """The tiny shop, built through its first release; read-only: tests that change something take a copy."""

    def make(folder: Path):
        shop = make_shop(folder / "shop")
        return shop.folder, shop.build().outcomes

    folder, outcomes = made_once("built", make)
    shop = TinyShop(folder)
    shop.outcomes = outcomes
    return shop


@pytest.fixture
def copied(built, tmp_path) -> TinyShop:
    """A copy of the built shop, to change."""
    return built.copy(tmp_path / "copy")


@pytest.fixture(autouse=True)
def _same_environment():
    """Building sets variables for dbt and Dagster; none of them outlives a test."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def read_events():
    """Reads the lines of a day file that are JSON objects."""

    def read(path: Path) -> list[dict]:
        events = []
        for line in path.read_bytes().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            events += [event] if isinstance(event, dict) else []
        return events

    return read
