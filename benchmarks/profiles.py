"""Measure the profiles: `python benchmarks/profiles.py extractive|plan|nightly [--items N] [--users N]`.

`extractive`: profiles by rules for a simulated shop of 100,000 items and 1,000,000 users with 5 to 25 interactions
each, on one thread: CPU seconds, profiles a CPU second, the most memory resident; the items as their asset makes them,
the users through the lake, in portions, with their checks. Each part in a process of its own.

`plan`, `nightly`: see profile_calls.py.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from measuring import ROOT, measure
from profile_calls import nights, plan_and_run

DAY, DAYS = dt.date(2025, 10, 12), 42
FEWEST, MOST = 5, 25
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "DUCKDB_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["extractive", *CALLS, *PARTS])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="Where the lake lies; for the parts that `extractive` starts.")
    given = parser.parse_args()
    if given.what in CALLS:
        CALLS[given.what]()
        return
    if given.what in PARTS:
        PARTS[given.what](given.folder, given.items, given.users)
        return
    os.environ |= ONE_THREAD
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            sizes = ["--items", str(given.items), "--users", str(given.users)]
            took = measure([sys.executable, __file__, part, "--folder", folder, *sizes])
            print(f"{part}: all in all {took.cpu:.0f} CPU s, {took.wall:.0f} s, peak {took.peak:.2f} GiB", flush=True)


def lake(folder: Path):
    from resources.warehouse import Warehouse

    return Warehouse(data_path=str(folder / "data"), catalog_path=str(folder / "catalog.sqlite"))


def timed(what: str, n: int, work: Callable[[], object]) -> object:
    started = time.process_time()
    made = work()
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{what}: {n:,} in {seconds:.1f} CPU s, {n / seconds:,.0f} a CPU second, {peak:.2f} GiB so far", flush=True)
    return made


def make_shop(folder: Path, n_items: int, n_users: int) -> None:
    """The tables that profiles are made from."""
    from models.simulation.catalogue import catalogue_lines, make_catalogue
    from models.simulation.config import SimulationConfig
    from resources.warehouse import as_arrow

    config = SimulationConfig(items=n_items, users=100)
    items = pl.read_ndjson(io.BytesIO(catalogue_lines(make_catalogue(config), config.start)), infer_schema_length=None)
    since = pl.col("available_from").str.to_datetime(time_zone="UTC").dt.replace_time_zone(None)
    versions = items.drop("withdrawn_at").with_columns(
        available_from=since, valid_from=config.start, valid_to=pl.lit(None, pl.Date), is_current=True,
        is_available=True, origin=pl.lit("simulated"), source_file=pl.lit(""), source_line=pl.int_range(pl.len()),
    )  # fmt: skip
    tables = {"core_item_versions": versions, "core_interactions": interactions(items["item_id"], n_users)}
    undone = tables["core_interactions"].head(0).with_columns(undone_on=pl.lit(None, pl.Date))
    for name, frame in (tables | {"core_undone_interactions": undone}).items():

        def transaction(connection, name=name, frame=frame) -> None:
            connection.register("_rows", as_arrow(frame))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM _rows")

        lake(folder).write(transaction)
    print(f"{n_items:,} items, {n_users:,} users, {tables['core_interactions'].height:,} interactions", flush=True)


def interactions(items: pl.Series, n_users: int) -> pl.DataFrame:
    """Each user's 5 to 25 clicks at any time of 42 days, on items of which few are often clicked."""
    rng = np.random.default_rng(7)
    users = np.repeat(np.arange(n_users), rng.integers(FEWEST, MOST + 1, n_users))
    n = len(users)
    at = pl.Series(rng.integers(0, DAYS * 86_400_000_000, n)).cast(pl.Duration("us"))
    order = rng.permutation(n)
    ids = pl.Series(users[order]).cast(pl.String).str.zfill(8)
    frame = pl.DataFrame(
        {
            "user_id": "u" + ids,
            "item_id": items.gather((len(items) * rng.random(n) ** 2).astype(np.int64)),
            "event_at": at + dt.datetime.combine(DAY - dt.timedelta(days=DAYS - 1), dt.time()),
            "weight": rng.choice([1.0, 1.0, 1.0, 3.0, 5.0], n),
        }
    )
    return frame.with_columns(
        event_day=pl.col("event_at").dt.date(), event_id=pl.format("e{}", pl.int_range(pl.len())),
        event_type=pl.lit("click"), value=pl.lit(None, pl.Float64), quantity=pl.lit(None, pl.Float64),
        price=pl.lit(None, pl.Float64),
    )  # fmt: skip


def profile_items(folder: Path, n_items: int, n_users: int) -> None:
    from assets.point_in_time import items_known
    from assets.profiles.checks import item_profile_checks
    from assets.profiles.item_profiles import COLUMNS
    from models.profiles.extractive import item_profiles, profile_text

    warehouse = lake(folder)
    items = items_known(warehouse, DAY)
    made = timed("item profiles", n_items, lambda: item_profiles(items, DAY))
    texts = [profile_text(row) for row in made.iter_rows(named=True)]
    frame = made.with_columns(pl.Series("text", texts, dtype=pl.Utf8))
    warehouse.ensure_table("item_profiles", COLUMNS, "One item's profile as of one day")
    warehouse.replace_days("item_profiles", "as_of_day", DAY, DAY, frame)
    passed = timed("their checks", n_items, lambda: [result.passed for result in item_profile_checks(frame, items)])
    assert all(passed)


def profile_users(folder: Path, n_items: int, n_users: int) -> None:
    from assets.profiles.user_profiles import profile_everyone
    from resources.settings import load_project

    warehouse, settings = lake(folder), load_project(ROOT / "configs" / "demo.yaml").settings
    findings, _, _ = timed("user profiles", n_users, lambda: profile_everyone(warehouse, DAY, settings))
    passed = timed("their suite", n_users, lambda: [result.passed for result in findings.results()])
    assert all(passed) and findings.n_rows == n_users


CALLS = {"plan": plan_and_run, "nightly": nights}
PARTS = {"shop": make_shop, "items": profile_items, "users": profile_users}

if __name__ == "__main__":
    main()
