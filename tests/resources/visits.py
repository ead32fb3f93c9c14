"""Rows of a table of visits, and warehouses to put it into."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from resources.warehouse import Warehouse

BOTH = pytest.mark.parametrize("warehouse", ["sqlite", "postgres"], indirect=True)
"""Runs a test with either catalogue; with the server where one is installed."""
COLUMNS = {
    "day": ("DATE", "The day"),
    "who": ("VARCHAR", 'Who; it\'s "quoted"'),
    "n": ("BIGINT", "How many"),
}


def day(number: int) -> dt.date:
    return dt.date(2025, 1, number)


def warehouse_in(folder: Path) -> Warehouse:
    return Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))


def rows(*values: tuple[int, str | None, int]) -> pl.DataFrame:
    frame = {"day": [day(of) for of, _, _ in values], "who": [who for _, who, _ in values]}
    return pl.DataFrame({**frame, "n": [n for _, _, n in values]}, schema_overrides={"who": pl.Utf8})
