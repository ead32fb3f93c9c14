"""What retrievers are told of items, and the way of one of them through the graph."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from assets.embeddings.item_features import read_item_features
from assets.embeddings.text_vectors import columns
from assets.point_in_time import items_known
from models.errors import UserError
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days
from resources.warehouse import Warehouse

LAST = dt.date(2025, 9, 20)


@pytest.fixture(scope="module")
def shop(built, tmp_path_factory):
    return built.copy(tmp_path_factory.mktemp("features") / "copy")


def features(shop, ids):
    return read_item_features(shop.warehouse, LAST, np.array(ids, dtype=object))


def test_items_have_their_text_and_share_attributes_with_their_kind(shop):
    items = items_known(shop.warehouse, LAST)
    found = features(shop, items["item_id"].to_list())
    np.testing.assert_allclose(np.linalg.norm(found.text, axis=1), 1, atol=1e-3)
    tokens = [set(row[row >= 0].tolist()) for row in found.tokens]
    rows = list(items.select("category", "brand").iter_rows())
    for column in (0, 1):
        one, other = next((i, j) for i in range(len(rows)) for j in range(i) if rows[i][column] == rows[j][column])
        assert tokens[one] & tokens[other]
    assert found.tokens.max() < found.n_tokens


def test_an_item_of_no_catalogue_has_neither(shop):
    found = features(shop, ["not there", items_known(shop.warehouse, LAST)["item_id"][0]])
    assert not found.text[0].any() and (found.tokens[0] == -1).all()
    assert found.text[1].any()


def test_text_vectors_that_are_not_finite_are_named(tmp_path):
    warehouse = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    warehouse.ensure_table("item_text_embeddings", columns("item"), "Vectors")
    vectors = {"as_of_day": LAST, "item_id": ["a", "b", "c"], "encoder": "e"}
    rows = pl.DataFrame(vectors | {"vector": [[0.6, 0.8], [float("nan"), 1.0], [1.0, 0.0]]})
    warehouse.replace_days("item_text_embeddings", "as_of_day", LAST, LAST, rows)
    with pytest.raises(UserError, match="the text vectors of 1 items are not finite: 'b'"):
        read_item_features(warehouse, LAST, np.array(["a", "b", "c"], dtype=object))


def test_two_towers_are_trained_and_recommend_in_the_graph(shop):
    quick = {"embedding_size": 16, "hidden_size": 32, "max_epochs": 3, "n_negatives": 64, "learning_rate": 0.01}
    shop.configure(retrievers={"two_tower": quick})
    names = ["two_tower", "two_tower_index"]
    settings = shop.project.settings
    outcome = run_days(shop.definitions(), shop.instance(), settings, LEARNING_JOB, LAST, print, names)
    assert outcome.success, outcome.failures
    assert "two_tower_is_not_worse_than_recent_popularity" in str(outcome.checks)


def test_a_protocol_that_names_one_is_refused_and_one_that_names_none_leaves_it_out(shop):
    from assets.evaluation.protocol_metrics import judged_names
    from models.evaluation.protocol_config import ProtocolConfig

    configured = {"popularity": {}, "two_tower": {}, "lightgcn": {"alignment": "contrastive"}, "bpr_mf": {}}
    config = {"kind": "leave_one_out"}
    assert judged_names("p", ProtocolConfig(**config), configured) == ["popularity", "bpr_mf"]
    with pytest.raises(UserError, match=r"evaluation\.protocols\.p\.retrievers: two_tower reads"):
        judged_names("p", ProtocolConfig(**config, retrievers=["two_tower"]), configured)
    with pytest.raises(UserError, match=r"lightgcn reads"):
        judged_names("p", ProtocolConfig(**config, retrievers=["lightgcn"]), configured)
