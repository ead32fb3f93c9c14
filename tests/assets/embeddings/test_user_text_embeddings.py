"""Users' text vectors on the shop as of 17 and 20 September, and a retriever whose users are drawn to them."""

import datetime as dt
import json
from hashlib import sha256

import dagster as dg
import numpy as np
import polars as pl
import pytest

from assets.artifacts import artifact_digest
from assets.embeddings.descriptions import Descriptions, read_descriptions
from assets.embeddings.text_vectors import check_coverage, encoder_of
from assets.embeddings.user_text_embeddings import newest_user_texts
from models.profiles.user_texts import user_texts
from models.retrieval import registry
from models.text.encoder import load_encoder
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days
from pipelines.table_keys import KEYS

FIRST, LAST = dt.date(2025, 9, 17), dt.date(2025, 9, 20)
ALIGNED = {"embedding_size": 8, "max_epochs": 2, "n_negatives": 32, "alignment": "contrastive", "batch_tokens": 512}
ENCODER = "hashing-1:256:first 64"


@pytest.fixture(scope="module")
def shop(built, tmp_path_factory):
    """The shop with vectors cut to 64 dimensions, none of them made before, and `lightgcn` aligned, as of both days."""
    shop = built.copy(tmp_path_factory.mktemp("users") / "copy")
    shop.sql("DELETE FROM text_vectors")
    shop.configure(text={"dimensions": 64}, retrievers={"lightgcn": ALIGNED}, checks={"weak_retriever": "warn"})
    names = ["item_text_embeddings", "user_text_embeddings", "lightgcn"]
    for day in (FIRST, LAST):
        settings = shop.project.settings
        outcome = run_days(shop.definitions(), shop.instance(), settings, LEARNING_JOB, day, print, names)
        assert outcome.success, outcome.failures
        assert "every_user_profile_has_a_text_vector" in str(outcome.checks)
    return shop


def vectors(shop, day):
    sql = "SELECT user_id, encoder, vector FROM user_text_embeddings WHERE as_of_day = ? ORDER BY user_id"
    return shop.warehouse.read(sql, [day])


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_every_profile_has_the_vector_of_its_text(shop, day):
    profiles = shop.warehouse.read("SELECT * FROM user_profiles WHERE as_of_day = ? ORDER BY user_id", [day])
    found = vectors(shop, day)
    assert found["user_id"].to_list() == profiles["user_id"].to_list()
    assert found["encoder"].unique().to_list() == [ENCODER]
    whole = load_encoder("hashing").encode(user_texts(profiles).to_list())[:, :64]
    expected = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    np.testing.assert_allclose(np.array(found["vector"].to_list()), expected, atol=1e-6)


def test_its_key_tells_rows_apart(shop):
    rows = shop.warehouse.read("SELECT * FROM user_text_embeddings")
    assert not rows.select(KEYS["user_text_embeddings"]).is_duplicated().any()


def encoded(shop) -> set[str]:
    rows = shop.warehouse.read("SELECT encoder, text_digest FROM text_vectors")
    assert not rows.is_duplicated().any()
    return set(rows["text_digest"])


def test_each_text_of_both_days_is_encoded_once_and_no_other(shop):
    profiles = {
        kind: shop.warehouse.read(f"SELECT * FROM {kind}_profiles WHERE as_of_day IN (?, ?)", [FIRST, LAST])
        for kind in ("item", "user")
    }
    texts = {*profiles["item"]["text"], *user_texts(profiles["user"])}
    assert encoded(shop) == {sha256(text.encode()).hexdigest() for text in texts}
    assert len(texts) < sum(map(len, profiles.values())), "most of them are of both days"


def test_made_again_a_day_encodes_nothing(shop):
    before = encoded(shop)
    settings, instance = shop.project.settings, shop.instance()
    outcome = run_days(shop.definitions(), instance, settings, LEARNING_JOB, LAST, print, ["user_text_embeddings"])
    assert outcome.success, outcome.failures
    event = instance.get_latest_materialization_event(dg.AssetKey("user_text_embeddings"))
    assert event.asset_materialization.metadata["newly_encoded"].value == 0
    assert encoded(shop) == before


def test_a_profile_without_a_vector_is_found(shop):
    assert check_coverage("user", shop.warehouse, LAST).passed
    result = check_coverage("user", shop.warehouse, dt.date(2025, 9, 16))
    assert result.passed, "no profiles, nothing missing"
    ids = vectors(shop, LAST)["user_id"]
    with shop.warehouse.connect() as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM user_text_embeddings WHERE user_id = ? AND as_of_day = ?", [ids[3], LAST])
        connection.execute("COMMIT")
    try:
        result = check_coverage("user", shop.warehouse, LAST)
        assert not result.passed
        assert result.metadata["n_missing"].value == 1 and result.metadata["examples"].data == [ids[3]]
    finally:
        restored = vectors(shop, LAST).head(1).with_columns(user_id=pl.lit(ids[3]), as_of_day=pl.lit(LAST))
        with shop.warehouse.connect() as connection:
            connection.register("_restored", restored.to_arrow())
            connection.execute("INSERT INTO user_text_embeddings BY NAME SELECT * FROM _restored")


class TestWhatIsRead:
    def test_nothing_later_than_asked_for(self, shop):
        assert newest_user_texts(shop.warehouse, FIRST - dt.timedelta(days=1), ENCODER) is None
        for until, day in ((FIRST, FIRST), (LAST - dt.timedelta(days=1), FIRST), (LAST, LAST)):
            found = newest_user_texts(shop.warehouse, until, ENCODER)
            assert found.user_ids.tolist() == vectors(shop, day)["user_id"].to_list()

    def test_nothing_of_another_encoder(self, shop):
        assert encoder_of(shop.warehouse, LAST) == ENCODER
        assert newest_user_texts(shop.warehouse, LAST, "another") is None

    def test_the_judged_model_is_told_what_was_known_before_the_validation_days(self, shop):
        unfitted = registry.new_retriever("lightgcn", ALIGNED)
        items = np.array(shop.warehouse.read("SELECT item_id FROM core_items")["item_id"].to_list(), dtype=object)
        told = read_descriptions(shop.warehouse, unfitted, LAST, 3, items)
        assert told.items.text.shape == (len(items), 64)
        assert told.encoder == ENCODER
        by_day = {day: len(vectors(shop, day)) for day in (FIRST, LAST)}
        assert (len(told.users_before.user_ids), len(told.users.user_ids)) == (by_day[FIRST], by_day[LAST])
        early = read_descriptions(shop.warehouse, unfitted, LAST, 4, items)
        assert (early.users_before, early.users) == (None, None), "no vectors from before: neither model has any"

    def test_who_asks_for_nothing_is_told_nothing(self, shop):
        items = np.array(["x"], dtype=object)
        assert read_descriptions(shop.warehouse, registry.new_retriever("bpr_mf", {}), LAST, 3, items) == Descriptions()


def test_the_aligned_retriever_tells_how_many_it_aligned_and_by_which_encoder(shop):
    for day, aligns_users in ((FIRST, False), (LAST, True)):
        folder = shop.artifacts.get("lightgcn", artifact_digest(shop.warehouse, "lightgcn", day))
        about = json.loads((folder / "manifest.json").read_text())
        assert about["n_items_aligned"] > 0
        assert (about["n_users_aligned"] > 0) == aligns_users, "of the judged model"
        assert json.loads((folder / "training.json").read_text())["text_encoder"] == ENCODER


def test_the_asset_exists_where_somebody_wants_it(shop, built):
    def is_there(**sections):
        changed = {name: {**getattr_of(built, name), **values} for name, values in sections.items()}
        return "user_text_embeddings" in names_with(built, changed)

    assert not is_there()
    assert is_there(text={"user_vectors": True})
    assert is_there(retrievers={"bpr_mf": {"alignment": "generative"}})
    assert not is_there(retrievers={"bpr_mf": {"alignment": "generative", "align_users": False}})


def getattr_of(built, name):
    return built.project.settings.model_dump(mode="json")[name]


def names_with(built, changed):
    from assets.embeddings import user_text_embeddings
    from pipelines.definitions import graph_of
    from resources.settings import Project, Settings

    dumped = built.project.settings.model_dump(mode="json", exclude_unset=True) | changed
    graph = graph_of(Project(built.project.path, Settings.model_validate(dumped)))
    return {key.to_user_string() for asset in user_text_embeddings.build(graph) for key in asset.keys}
