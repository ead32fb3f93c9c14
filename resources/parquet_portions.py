"""Rows too many to be in memory at once: Parquet files beside the lake until all are there, then one commit."""

import datetime as dt
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import polars as pl

from resources.warehouse import Warehouse, quoted


class ParquetPortions:
    """The new rows of some days of a table, added a portion at a time.

    What a run that was killed left is removed when the next one begins. A single portion is kept in memory.

    Args:
        warehouse: The lake.
        table: Its table.
        day: The day that is replaced.
    """

    def __init__(self, warehouse: Warehouse, table: str, day: dt.date):
        self.warehouse, self.table, self.day = warehouse, table, day
        self.folder = Path(warehouse.data_path).parent / "portions" / f"{table}-{day}"
        self.first: pl.DataFrame | None = None
        self.files: list[Path] = []

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows; all portions have the same columns."""
        if self.first is None and not self.files:
            self.first = frame
            return
        if self.first is not None:
            waiting, self.first = self.first, None
            self._store(waiting)
        self._store(frame)

    def replace(self, day_column: str) -> int:
        """Put the rows in the place of the day's, in one transaction, in the order they were added.

        Args:
            day_column: The column of the day.

        Returns:
            The snapshot id that holds the new rows.
        """
        if self.first is not None:
            return self.warehouse.replace_days(self.table, day_column, self.day, self.day, self.first)

        def transaction(connection: duckdb.DuckDBPyConnection) -> None:
            connection.execute(f"DELETE FROM {quoted(self.table)} WHERE {quoted(day_column)} = ?", [self.day])
            for file in self.files:  # one after the other: DuckDB reads several at once, and mixes them
                rows = "SELECT * FROM read_parquet($file)"
                connection.execute(f"INSERT INTO {quoted(self.table)} BY NAME {rows}", {"file": str(file)})

        self.warehouse.write(transaction)
        return self.warehouse.snapshot()

    def _store(self, frame: pl.DataFrame) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{len(self.files):06d}.parquet"
        frame.write_parquet(file)
        self.files.append(file)
