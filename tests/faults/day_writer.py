"""What the processes run that are killed, or that run out of disk: each writes whole days, told apart by a number."""

import datetime as dt
import json
import resource
import sys
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from models.errors import UserError
from resources.warehouse import Warehouse

DAY = dt.date(2025, 1, 1)
COLUMNS = {
    "n": ("BIGINT", "Number of the write"),
    "value": ("DOUBLE", "Noise, which does not compress"),
    "day": ("DATE", "Day"),
}


def day_of(number: int, n_rows: int) -> pl.DataFrame:
    """The rows of a write; every row carries its number."""
    values = np.random.default_rng(number).random(n_rows)
    return pl.DataFrame({"n": np.full(n_rows, number), "value": values, "day": [DAY] * n_rows})


def write_once(warehouse: Warehouse, number: int, n_rows: int, most_bytes: int) -> None:
    """One day in the place of the last; limited as a shell's `ulimit -f` would."""
    warehouse.ensure_table("days", COLUMNS, "One row")
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    warehouse.replace_days("days", "day", DAY, DAY, day_of(number, n_rows))


def write_until_killed(warehouse: Warehouse, n_rows: int) -> None:
    """Day after day in the place of the last; says before each write which one it begins."""
    for number in count(1):
        frame = day_of(number, n_rows)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        warehouse.replace_days("days", "day", DAY, DAY, frame)


if __name__ == "__main__":
    job, spelled, *numbers = sys.argv[1:]
    lake = Warehouse(**json.loads(spelled))
    try:
        write_once(lake, *map(int, numbers)) if job == "once" else write_until_killed(lake, *map(int, numbers))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
