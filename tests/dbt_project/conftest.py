"""A small lake with the raw tables, and dbt run on it."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from assets.tables.event_days import EVENTS_SQL, as_text

PROJECT = Path(__file__).parents[2] / "dbt"
RAW_EVENTS = {
    "event_id": "varchar",
    "user_id": "varchar",
    "item_id": "varchar",
    "event_type": "varchar",
    "event_at": "timestamp",
    "event_day": "date",
    "value": "double",
    "quantity": "double",
    "price": "double",
    "session_id": "varchar",
    "impression_id": "varchar",
    "position": "integer",
    "propensity": "double",
    "query": "varchar",
    "user_agent": "varchar",
    "item_title": "varchar",
    "country": "varchar",
    "currency": "varchar",
    "context": "map(varchar, varchar)",
    "source_file": "varchar",
    "source_line": "bigint",
    "source_day": "date",
}
RAW_ITEMS = {
    "item_id": "varchar",
    "title": "varchar",
    "description": "varchar",
    "category": "varchar",
    "brand": "varchar",
    "price": "double",
    "stock": "double",
    "available_from": "timestamp",
    "withdrawn_at": "timestamp",
    "source_file": "varchar",
    "source_line": "bigint",
    "source_day": "date",
}
REJECTED_ITEMS = {
    "source_file": "varchar",
    "source_line": "bigint",
    "reason": "varchar",
    "detail": "varchar",
    "line": "varchar",
}
RAW_TABLES = {"raw_events": RAW_EVENTS, "raw_items": RAW_ITEMS, "rejected_items": REJECTED_ITEMS}
TABLES = [
    "stg_events",
    "stg_items",
    "stg_catalogue_days",
    "core_events",
    "filtered_events",
    "core_sessions",
    "core_item_days",
    "core_item_versions",
    "core_items",
    "core_users",
    "core_user_days",
    "core_user_versions",
    "core_interactions",
    "core_impressions",
    "core_returns",
    "core_undone_interactions",
    "feat_user_daily",
    "feat_item_daily",
    "feat_user_category_daily",
    "feat_user_hour_daily",
]


def environment(folder: Path) -> dict[str, str]:
    """What profiles.yml reads, and dbt's own folders outside the project."""
    return {
        "SLUICE_TARGET": "lake",
        "SLUICE_CATALOG": str(folder / "catalog.sqlite"),
        "SLUICE_DATA_PATH": str(folder / "data"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
    }


class Lake:
    """A DuckLake in a folder, and which of the models are made in it, in dbt's words for a selection (all by default)."""

    def __init__(self, folder: Path, manifest: bytes, models: str = ""):
        self.folder, self.manifest, self.models = folder, manifest, models.split()
        (folder / "data").mkdir(parents=True)
        for table, columns in RAW_TABLES.items():
            body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            self.sql(f"create table {table} ({body})")

    def sql(self, statement: str, parameters: list | dict | None = None) -> list[tuple]:
        """Rows of one statement."""
        with duckdb.connect() as connection:
            connection.execute("load ducklake")
            connection.execute(
                f"attach 'ducklake:sqlite:{self.folder}/catalog.sqlite' as lake "
                f"(data_path '{self.folder}/data', override_data_path true, meta_journal_mode 'WAL', meta_busy_timeout 10000)"
            )
            connection.execute("use lake")
            return connection.execute(statement, parameters or []).fetchall()

    def load_day(self, source_day: str, events: list[dict]) -> None:
        """Replace the raw events of one source day; lines are numbered from 1, `event_at` gives the day."""
        self.sql("delete from raw_events where source_day = ?", [source_day])
        defaults = {
            "event_type": "click",
            "source_file": f"{source_day}.jsonl",
            "source_day": source_day,
        }
        rows = [defaults | {"source_line": line} | event for line, event in enumerate(events, 1)]
        self._insert("raw_events", RAW_EVENTS, [row | {"event_day": row["event_at"][:10]} for row in rows])

    def load_days(self, source: dict[str, list[dict]]) -> None:
        """Replace the raw events of several source days."""
        for day, events in source.items():
            self.load_day(day, events)

    def run_in_order(self, source: dict[str, list[dict]], order: list[str]) -> dict[str, list]:
        """Load and run one source day after another; the tables' digests."""
        for day in order:
            self.load_day(day, source[day])
            self.run_days(day)
        return self.digests()

    def load_items(self, items: list[dict]) -> None:
        """Replace the catalogue."""
        self.sql("delete from raw_items")
        rows = [{"source_file": "items.jsonl", "source_line": line} | item for line, item in enumerate(items, 1)]
        self._insert("raw_items", RAW_ITEMS, rows)

    def load_catalogue_day(self, source_day: str, items: list[dict], broken: bool = False) -> None:
        """Replace the catalogue of one day; `broken`: its file broke off."""
        file = f"{source_day}.csv"
        self.sql("delete from raw_items where source_day = ?", [source_day])
        self.sql("delete from rejected_items where source_file = ?", [file])
        rows = [{"source_file": file, "source_line": line} | item for line, item in enumerate(items, 2)]
        self._insert("raw_items", RAW_ITEMS, [row | {"source_day": source_day} for row in rows])
        if broken:
            self._insert("rejected_items", REJECTED_ITEMS, [{"source_file": file, "reason": "truncated_file"}])

    def _insert(self, table: str, columns: dict[str, str], rows: list[dict]) -> None:
        if rows:
            row = "(" + ", ".join("?" for _ in columns) + ")"
            values = [row_.get(name) for row_ in rows for name in columns]
            self.sql(f"insert into {table} values {', '.join([row] * len(rows))}", values)

    def digests(self) -> dict[str, list]:
        """Row count and order-independent hash of every table that was made."""
        made = {name for (name,) in self.sql("show tables")} if self.models else set(TABLES)
        parts = [
            f"select '{name}', count(*), sum(hash(t)::hugeint), bit_xor(hash(t)) from {name} as t"
            for name in TABLES
            if name in made
        ]
        return {name: rest for name, *rest in self.sql(" union all ".join(parts))}

    def taken_days(self, variables: dict[str, object]) -> dict[str, str]:
        """`from_day`, `until_day` and `event_days`, taken out of the variables, as the environment that gives them to dbt.

        Event days that are not given are those that the source days' events lie in or lay in, as in a real run.
        """
        given = {word: str(variables.pop(word, None) or "") for word in ("from_day", "until_day", "event_days")}
        first, last = given["from_day"], given["until_day"]
        if first and not given["event_days"]:
            tables = {name for (name,) in self.sql("show tables")} & {"raw_events", "stg_events"}
            reached = {"first": first, "last": last, "begin": "2000-01-01", "end": "2100-01-01"}
            found = {day for name in tables for (day,) in self.sql(EVENTS_SQL.format(table=name), reached)}
            span = (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days
            own = {dt.date.fromisoformat(first) + dt.timedelta(days=number) for number in range(span + 1)}
            given["event_days"] = as_text(sorted(found | own))
        names = ("SLUICE_FROM_DAY", "SLUICE_UNTIL_DAY", "SLUICE_EVENT_DAYS")
        return dict(zip(names, given.values(), strict=True))

    def dbt(self, *arguments: str, **variables: object) -> dict[str, str]:
        """Run dbt in this process, on the project as it was parsed once (parsing takes as long as running).

        Returns:
            Status of every node that ran, by name.
        """
        from dbt.cli.main import dbtRunner
        from dbt.contracts.graph.manifest import Manifest

        runner = dbtRunner(manifest=Manifest.from_msgpack(self.manifest))
        days = self.taken_days(variables)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environment(self.folder) | days).items():
                patch.setenv(name, value)
            result = runner.invoke(["--quiet", *arguments, "--vars", json.dumps(variables)])
        if result.exception:
            raise result.exception
        return {node.node.name: str(node.status) for node in result.result}

    def run_days(self, first: str, last: str | None = None, **variables: object) -> None:
        """Run the models for the source days `first` .. `last`."""
        self.run_models(from_day=first, until_day=last or first, **variables)

    def run_models(self, *arguments: str, **variables: object) -> None:
        """`dbt run` of the lake's models; every one must succeed."""
        selected = ["--select", *self.models] if self.models else []
        statuses = self.dbt("--no-write-json", "run", *selected, *arguments, **variables)
        assert set(statuses.values()) == {"success"}, statuses

    def run_killed(self, at: str, **variables: object) -> int:
        """Run the models in another process that dies when the model `at` is about to commit; its exit status."""
        program = (
            "import os, sys\n"
            "from dbt.adapters.duckdb.environments import local\n"
            "from dbt.cli.main import dbtRunner\n"
            "passed = []\n"
            "execute = local.DuckDBCursorWrapper.execute\n"
            "def watched(self, sql, bindings=None):\n"
            "    passed.append(sql)\n"
            "    if sql == 'COMMIT' and any(sys.argv[1] in text and 'insert into' in text for text in passed):\n"
            "        os._exit(9)\n"
            "    return execute(self, sql, bindings)\n"
            "local.DuckDBCursorWrapper.execute = watched\n"
            "result = dbtRunner().invoke(['--quiet', 'run', *sys.argv[3:], '--vars', sys.argv[2]])\n"
            "sys.exit(0 if result.success else 1)\n"
        )
        surroundings = os.environ | environment(self.folder) | self.taken_days(variables)
        command = [sys.executable, "-c", program, f'"lake"."main"."{at}"', json.dumps(variables, default=str)]
        command += ["--select", *self.models] if self.models else []
        return subprocess.run(command, env=surroundings, check=False, timeout=120).returncode


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    """The parsed project, with DuckDB's extensions where it looks for them."""
    from dbt.cli.main import dbtRunner
    from duckdb_extensions import import_extension

    for name in ("ducklake", "sqlite_scanner"):
        import_extension(name)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(tmp_path_factory.mktemp("parse")).items():
            patch.setenv(name, value)
        result = dbtRunner().invoke(["--quiet", "parse"])
    assert result.success, result.exception
    return result.result.to_msgpack()


@pytest.fixture(scope="module")
def new_lake(manifest, tmp_path_factory):
    """Makes an empty lake."""
    return lambda models="": Lake(tmp_path_factory.mktemp("lake") / "warehouse", manifest, models)
