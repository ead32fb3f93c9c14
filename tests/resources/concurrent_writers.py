"""What the writing processes of the concurrency tests run: plain functions, so that spawned processes find them."""

import datetime as dt
import json
import sys
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse, insert

COLUMNS = {"writer": ("BIGINT", "Writer"), "n": ("BIGINT", "Number"), "day": ("DATE", "Day")}
DAY = dt.date(2025, 1, 1)


def append_rows(warehouse: str, writer: int, n_rows: int) -> None:
    """Create the table if need be, then commit one row at a time."""
    lake = Warehouse(**json.loads(warehouse))
    lake.ensure_table("t", COLUMNS, "One commit")
    for number in range(n_rows):
        frame = pl.DataFrame({"writer": [writer], "n": [number], "day": [DAY]})
        lake.write(lambda connection, frame=frame: insert(connection, "t", frame))


def replace_again_and_again(warehouse: str, n_rounds: int, n_rows: int) -> None:
    """Every round replaces the day by `n_rows` rows that all carry the round."""
    lake = Warehouse(**json.loads(warehouse))
    for number in range(1, n_rounds + 1):
        frame = pl.DataFrame({"writer": [0] * n_rows, "n": [number] * n_rows, "day": [DAY] * n_rows})
        lake.replace_days("t", "day", DAY, DAY, frame)


def put_artifact(root: str, start_at: float) -> None:
    """Put the same artifact as everybody else, at the same instant."""

    def fill(folder: Path) -> None:
        (folder / "weights.bin").write_bytes(bytes(1000))
        time.sleep(max(0.0, start_at - time.time()))

    for _ in range(20):
        ArtifactStore(root=root).put("model", fill, {})


if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    if job == "append":
        append_rows(arguments[0], int(arguments[1]), int(arguments[2]))
    elif job == "replace":
        replace_again_and_again(arguments[0], int(arguments[1]), int(arguments[2]))
    else:
        put_artifact(arguments[0], float(arguments[1]))
