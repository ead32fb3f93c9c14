"""The table of what the tuner tried."""

import datetime as dt
import json

import pytest

from assets.indexes.index_tuning import COLUMNS, store_tuning, tuning_rows
from models.ann.config import AnnIndexConfig
from models.ann.tuning_points import Point, Tuning
from models.ann.wording import own_settings
from pipelines.table_keys import key_of
from resources.warehouse import Warehouse

DAY, NOW = dt.date(2025, 3, 1), dt.datetime(2025, 3, 2, 4, 5)
CODES = AnnIndexConfig(kind="ivf_pq", ivf_clusters=8, ivf_probes=3, refine_factor=2)
GRAPH = AnnIndexConfig(kind="hnsw", hnsw_search_breadth=5)
TUNING = Tuning(
    [
        Point(AnnIndexConfig(kind="flat"), 1.0, 1.0, 90.0, 0.1, 4_000),
        Point(CODES, 0.96, 0.95, 12.5, 3.0, 1_000, is_on_front=True, is_chosen=True),
        Point(GRAPH, 0.9, 0.91, 11.0, 60.0, 9_000),
    ]
)


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))


def rows(retriever="sasrec", day=DAY, tuning=TUNING):
    return tuning_rows(tuning, retriever, day, 10, 400, 0.95, NOW)


def test_a_row_for_every_point_in_order():
    frame = rows()
    assert frame.columns == list(COLUMNS)
    assert frame.row(1, named=True) == {
        "retriever": "sasrec",
        "as_of_day": DAY,
        "point": 2,
        "kind": "ivf_pq",
        "effort": 3,
        "k": 10,
        "settings": json.dumps(own_settings(CODES)),
        "n_queries": 400,
        "recall": 0.96,
        "held_out_recall": 0.95,
        "microseconds": 12.5,
        "build_seconds": 3.0,
        "n_bytes": 1_000,
        "min_recall": 0.95,
        "tuned_at": NOW,
        "is_on_front": True,
        "is_chosen": True,
    }
    assert frame["effort"].to_list() == [None, 3, 10]
    assert AnnIndexConfig(**json.loads(frame["settings"][1])) == CODES


def test_tuning_again_replaces_the_rows_of_that_retriever_and_day(warehouse):
    store_tuning(warehouse, rows())
    store_tuning(warehouse, rows("ials"))
    store_tuning(warehouse, rows(day=DAY + dt.timedelta(1)))
    store_tuning(warehouse, rows(tuning=Tuning(TUNING.points[:1])))
    sql = "SELECT retriever, as_of_day::VARCHAR, count(*) FROM index_tuning GROUP BY ALL ORDER BY ALL"
    assert warehouse.read(sql).rows() == [
        ("ials", "2025-03-01", 3),
        ("sasrec", "2025-03-01", 1),
        ("sasrec", "2025-03-02", 3),
    ]


def test_the_key_tells_the_rows_apart(warehouse):
    store_tuning(warehouse, rows())
    store_tuning(warehouse, rows("ials"))
    assert rows().select(key_of("index_tuning")).is_unique().all()
    names = ", ".join(key_of("index_tuning"))
    assert warehouse.read(f"SELECT {names} FROM index_tuning GROUP BY ALL HAVING count(*) > 1").is_empty()
