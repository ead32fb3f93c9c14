import datetime as dt

import duckdb
import polars as pl
import pytest

from resources.parquet_portions import ParquetPortions
from resources.warehouse import Warehouse

DAY, OTHER = dt.date(2025, 9, 1), dt.date(2025, 9, 2)
COLUMNS = {"day": ("DATE", "When"), "who": ("VARCHAR", "Who"), "tags": ("VARCHAR[]", "Words")}


def rows(*names: str, day: dt.date = DAY) -> pl.DataFrame:
    return pl.DataFrame({"who": names, "day": [day] * len(names), "tags": [[name, name] for name in names]})


@pytest.fixture
def lake(warehouse: Warehouse) -> Warehouse:
    warehouse.ensure_table("people", COLUMNS, "A person and day")
    warehouse.replace_days("people", "day", DAY, OTHER, pl.concat([rows("old"), rows("other", day=OTHER)]))
    return warehouse


@pytest.mark.parametrize("n", [1, 2, 5])
def test_portions_replace_the_day_in_one_commit_in_their_order(lake, n):
    before = lake.snapshot()
    with ParquetPortions(lake, "people", DAY) as portions:
        for number in range(n):
            portions.add(rows(f"a{number}", f"b{number}"))
            assert lake.read("SELECT who FROM people WHERE day = ?", [DAY])["who"].to_list() == ["old"]
        assert portions.folder.exists() == (n > 1)
        assert portions.replace("day") == lake.snapshot() == before + 1
    found = lake.read("SELECT who, tags FROM people WHERE day = ?", [DAY])
    assert found["who"].to_list() == [name for number in range(n) for name in (f"a{number}", f"b{number}")]
    assert found["tags"][1].to_list() == ["b0", "b0"]
    assert lake.read("SELECT who FROM people WHERE day = ?", [OTHER])["who"].to_list() == ["other"]
    assert not portions.folder.exists()


def test_what_a_killed_run_left_is_not_taken(lake):
    killed = ParquetPortions(lake, "people", DAY).__enter__()
    for name in ("x", "y", "z"):
        killed.add(rows(name))
    with ParquetPortions(lake, "people", DAY) as portions:
        assert not portions.folder.exists()
        for name in ("p", "q"):
            portions.add(rows(name))
        portions.replace("day")
    assert lake.read("SELECT who FROM people WHERE day = ?", [DAY])["who"].to_list() == ["p", "q"]


def test_a_failure_leaves_table_and_folder_as_they_were(lake):
    with pytest.raises(duckdb.Error), ParquetPortions(lake, "people", DAY) as portions:
        portions.add(rows("a"))
        portions.add(rows("b").with_columns(extra=1))
        portions.replace("day")
    assert lake.read("SELECT who FROM people WHERE day = ?", [DAY])["who"].to_list() == ["old"]
    assert not portions.folder.exists()
