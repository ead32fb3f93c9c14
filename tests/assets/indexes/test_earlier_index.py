"""An index that grows from one as-of day to the next, from artifacts put into a store."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from assets.artifacts import store_artifact
from assets.indexes.earlier_index import ASKED, earlier_index
from models.ann.build import build_index
from models.ann.compatibility import refuse_other_vectors
from models.ann.config import AnnIndexConfig
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

DAY = dt.date(2025, 3, 1)
CONFIG = AnnIndexConfig(kind="flat")
IDS = np.array([f"sku-{number:02}" for number in range(30)], dtype=object)
WAS_THERE = np.arange(30) % 6 != 2
VECTORS = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


@pytest.fixture
def lake(tmp_path):
    return Warehouse(catalog_path=str(tmp_path / "c.sqlite"), data_path=str(tmp_path / "data"))


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(root=str(tmp_path / "artifacts"))


@pytest.fixture
def put(lake, store):
    """Store the index of a day and the vocabulary it is of."""

    def put_index(day=DAY, there=WAS_THERE, config=CONFIG):
        index = build_index(VECTORS[there], config)
        rows = pl.DataFrame(
            {
                "user_id": ["ann"],
                "item_id": [IDS[there][0]],
                "event_at": [dt.datetime(2025, 2, 1)],
                "event_id": ["1"],
                "weight": [1.0],
            }
        )
        data = Interactions.from_frame(rows, IDS[there])
        store_artifact(lake, store, "interaction_sequences", day, data.save, {})
        store_artifact(lake, store, "sasrec_index", day, index.save, {ASKED: config.model_dump(mode="json")})

    return put_index


@pytest.fixture
def grow(lake, store):
    def grow_index(day=DAY + dt.timedelta(1), config=CONFIG, ids=IDS, vectors=VECTORS):
        return earlier_index(lake, store, "sasrec", day, config, ids, vectors)

    return grow_index


def test_items_that_have_come_since_are_added(put, grow):
    put()
    grown = grow()
    refuse_other_vectors(grown, VECTORS, IDS)
    found, _ = grown.search(VECTORS, 30)
    np.testing.assert_array_equal(found, np.argsort(-(VECTORS @ VECTORS.T), axis=1))


def test_the_newest_day_before_this_one_counts(put, grow):
    put(DAY - dt.timedelta(1), config=AnnIndexConfig(kind="ivf_flat", ivf_clusters=2))
    put(DAY)
    put(DAY + dt.timedelta(1), config=AnnIndexConfig(kind="ivf_flat", ivf_clusters=2))
    assert grow() is not None
    assert grow(DAY) is None


def test_what_was_trained_again_is_built_again(put, grow):
    put()
    other = VECTORS.copy()
    other[0] *= 2
    assert grow(vectors=other) is None


def test_other_settings_are_built_anew(put, grow):
    put()
    assert grow(config=AnnIndexConfig(kind="flat", search_threads=1)) is None


def test_where_many_items_are_new_clusters_are_learned_again(put, grow):
    put(there=np.arange(30) < 24)
    assert grow() is not None
    put(there=np.arange(30) < 23)
    assert grow() is None


def test_the_first_day_has_none(put, grow, lake):
    put()
    assert grow(DAY) is None


def test_a_damaged_one_is_left_alone(put, grow, tmp_path):
    put()
    (file,) = tmp_path.glob("artifacts/sasrec_index/*/index.faiss")
    file.write_bytes(file.read_bytes()[:-1])
    assert grow() is None
