"""What the report tells of the indexes, from artifacts put into a store."""

import datetime as dt

import polars as pl
import pytest

from assets.artifacts import store_artifact
from assets.evaluation.index_rows import SCHEMA, index_rows
from models.ann.config import AnnIndexConfig
from models.ann.wording import built_with
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

DAY = dt.date(2025, 3, 1)
TRIED = {"kind": "hnsw", "effort": 128, "recall": 0.97, "microseconds": 12.5, "is_used": True}


@pytest.fixture
def put(tmp_path):
    warehouse = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    store = ArtifactStore(root=str(tmp_path / "artifacts"))

    def put_index(**about):
        config = AnnIndexConfig(kind="hnsw").model_dump(mode="json")
        about = {"config": config, "k": 100, "n_items": 7, **about}
        store_artifact(warehouse, store, "sasrec_index", DAY, fill, about)
        return index_rows(warehouse, store, ["sasrec"], DAY)

    def fill(folder):
        (folder / "index.faiss").write_bytes(b"x" * 123)

    return put_index


def test_a_row_for_every_way_that_was_tried(put):
    rows = put(tried=[TRIED, {**TRIED, "kind": "flat", "effort": None, "is_used": False}])
    assert rows.schema == SCHEMA
    about = {"retriever": "sasrec", "settings": built_with(AnnIndexConfig(kind="hnsw")), "n_items": 7, "n_bytes": 123}
    assert rows.row(0, named=True) == {**about, "k": 100, **TRIED}
    assert rows["effort"].to_list() == [128, None]


def test_other_times_are_no_other_artifact(put):
    """The digest is of the files: an index that is built again stays as it is, with the times of the first time."""
    first = put(tried=[TRIED])
    assert put(tried=[{**TRIED, "microseconds": 99.0}]).equals(first)


def test_an_index_of_before_has_no_rows(put):
    assert put().equals(pl.DataFrame(schema=SCHEMA))
