"""Raw tables of one day, written again and again by a process that is killed, or that may not write much.

Every write carries its number in every row of its three tables, so that halves and mixtures show.
"""

import datetime as dt
import json
import os
import resource
import sys
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from assets.events.columns import RAW_EVENTS
from assets.events.raw_events import write_days
from models.errors import UserError
from resources.warehouse import Warehouse

DAY = dt.date(2025, 1, 2)
FIELDS = ("catalog_path", "data_path", "postgres", "schema_name")


def frames_of(number: int, n_rows: int, day: dt.date = DAY) -> dict[str, pl.DataFrame]:
    """The three raw tables of a day; prices are noise, which does not compress."""
    numbers = [str(number)] * n_rows
    events = {"event_id": [f"{number}-{row}" for row in range(n_rows)], "user_id": numbers, "item_id": numbers}
    texts = {"event_type": ["click"] * n_rows, "source_file": numbers, "source_line": range(1, n_rows + 1)}
    price = np.random.default_rng(number).random(n_rows)
    days = {"event_day": [day] * n_rows, "source_day": [day] * n_rows, "price": price}
    accepted = pl.DataFrame(
        {name: {**events, **texts, **days}[name] for name in RAW_EVENTS if name in {**events, **texts, **days}}
    )
    rejected = {"source_file": [str(number)], "source_line": [n_rows + 1], "source_day": [day], "reason": ["not_json"]}
    # The same file for all of them: what changes between deliveries is noted elsewhere, and tested there.
    files = {"source_file": ["a"], "source_day": [day], "sha256": ["same"], "n_bytes": [number]}
    counts = {"n_lines": [n_rows + 1], "n_accepted": [n_rows], "n_rejected": [1]}
    return {
        "raw_events": accepted,
        "rejected_events": pl.DataFrame(rejected),
        "source_files": pl.DataFrame({**files, **counts}),
    }


def write(warehouse: Warehouse, number: int, n_rows: int, day: dt.date = DAY) -> None:
    """One day's tables in the place of the last."""
    write_days(warehouse, frames_of(number, n_rows, day), day, day)


def spelled(warehouse: Warehouse) -> str:
    """A warehouse as another process is told of it."""
    return json.dumps(warehouse.model_dump(include=set(FIELDS)))


def say(words: str) -> None:
    """One line to whoever started this process, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def write_until_killed(warehouse: Warehouse, first: int, n_rows: int) -> None:
    """Write after write; says before each which one it begins."""
    warehouse.snapshot()  # What DuckDB needs is loaded, so that a kill meets a write.
    for number in count(first):
        frames = frames_of(number, n_rows)
        say(f"begin {number}")
        write_days(warehouse, frames, DAY, DAY)


def raise_writers(warehouse: Warehouse, n_rows: int) -> None:
    """For every number on standard input a child that writes from it on; imports are made once, DuckDB in the child."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            say(f"pid {os.getpid()}")
            write_until_killed(warehouse, int(line), n_rows)
        os.waitpid(child, 0)
        say("gone")


def write_limited(warehouse: Warehouse, number: int, n_rows: int, most_bytes: int) -> None:
    """One write, limited as a shell's `ulimit -f` would."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    try:
        write(warehouse, number, n_rows)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    job, lake, *numbers = sys.argv[1:]
    {"raise": raise_writers, "limited": write_limited}[job](Warehouse(**json.loads(lake)), *map(int, numbers))
