"""What an index's metric does to candidates: the ranker learns from and is given the same scores."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from assets.artifacts import store_artifact
from assets.ranking.candidate_lists import offer
from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.errors import UserError
from models.retrieval import registry
from models.retrieval.by_cosine import compared_by
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

DAY, N_USERS, N_ITEMS, K = dt.date(2025, 3, 1), 30, 25, 5


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    pairs = [(user, item) for user in range(N_USERS) for item in rng.choice(N_ITEMS, 6, replace=False)]
    rows = pl.DataFrame(
        {
            "user_id": [f"u{user:02}" for user, _ in pairs],
            "item_id": [f"i{item:02}" for _, item in pairs],
            "event_at": [dt.datetime(2025, 2, 1) + dt.timedelta(hours=number) for number in range(len(pairs))],
            "event_id": [str(number) for number in range(len(pairs))],
            "weight": [1.0] * len(pairs),
        }
    )
    return Interactions.from_frame(rows, np.array([f"i{item:02}" for item in range(N_ITEMS)], dtype=object))


@pytest.fixture
def offered(tmp_path, data):
    warehouse = Warehouse(catalog_path=str(tmp_path / "c.sqlite"), data_path=str(tmp_path / "data"))
    store = ArtifactStore(root=str(tmp_path / "artifacts"))
    settings_of = {
        "ials": {"embedding_size": 4},
        "knn_embed": {"base_settings": {"embedding_size": 4}, "n_clusters": 4, "n_neighbours": 3},
    }
    models = {name: registry.new_retriever(name, settings) for name, settings in settings_of.items()}

    def lists(part, metric, built_for=None, name="ials"):
        """Candidates of one retriever."""
        model = models[name]
        model.fit(data)

        def save(folder):
            for part in ("validation", "final"):
                (folder / part).mkdir()
                model.save(folder / part)

        store_artifact(warehouse, store, name, DAY, save, {})
        config = AnnIndexConfig(kind="flat", metric=metric)
        indexed = compared_by(built_for or metric, model)
        index = build_index(indexed.item_vectors(), AnnIndexConfig(kind="flat", metric=built_for or metric))
        store_artifact(warehouse, store, f"{name}_index", DAY, index.save, {})
        wanted = SimpleNamespace(candidates_per_source=K)
        compute = SimpleNamespace(device="cpu")
        settings = SimpleNamespace(recommendations=wanted, retrievers={name: {}}, index=config, compute=compute)
        graph = SimpleNamespace(settings=settings)
        everything = np.ones(N_ITEMS, dtype=bool)
        return offer(graph, warehouse, store, DAY, part, data, np.arange(N_USERS), everything)

    return lists


def test_by_cosine_both_parts_score_by_angle_and_offer_the_same(offered):
    judged, final = offered("validation", "cosine"), offered("final", "cosine")
    assert judged.select("user_id", "item_id").equals(final.select("user_id", "item_id"))
    np.testing.assert_allclose(judged["source_score"], final["source_score"], rtol=1e-5)
    assert judged["source_score"].abs().max() <= 1 + 1e-6
    by_product = offered("final", "inner_product")
    assert not by_product.select("user_id", "item_id").equals(final.select("user_id", "item_id"))


def test_interests_are_drawn_from_in_both_parts(offered):
    """A retriever of several vectors a user offers through its index what it offers without one."""
    for metric in ("inner_product", "cosine"):
        judged, final = (offered(part, metric, name="knn_embed") for part in ("validation", "final"))
        assert judged.select("user_id", "item_id", "source_rank").equals(
            final.select("user_id", "item_id", "source_rank")
        )
        np.testing.assert_allclose(judged["source_score"], final["source_score"], rtol=1e-4)
        assert not final.select("item_id").equals(offered("final", metric).select("item_id"))


def test_an_index_of_the_other_metric_is_refused(offered):
    with pytest.raises(UserError, match="have other vectors now than in it"):
        offered("final", "cosine", built_for="inner_product")
