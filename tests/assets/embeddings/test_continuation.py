"""Which model a retriever's training continues from, on a shop built as of 17 and 20 September."""

import datetime as dt
import json

import numpy as np
import pytest

from assets.artifacts import artifact_digest
from assets.embeddings import continuation
from assets.embeddings.continuation import CODE, FILE, find_earlier
from models.retrieval import registry

FIRST, LAST = dt.date(2025, 9, 17), dt.date(2025, 9, 20)


@pytest.fixture
def find(built):
    def call(shop=built, day=dt.date(2025, 9, 21), **changes):
        settings = {**shop.project.settings.retrievers["sasrec"], **changes}
        config = registry.config_class("sasrec").model_validate(settings)
        return find_earlier(shop.warehouse, shop.artifacts, config, "sasrec", day)

    return call


def training(shop, day: dt.date) -> dict:
    folder = shop.artifacts.get("sasrec", artifact_digest(shop.warehouse, "sasrec", day))
    return json.loads((folder / FILE).read_text())


def n_epochs(shop, day: dt.date) -> int:
    folder = shop.artifacts.get("sasrec", artifact_digest(shop.warehouse, "sasrec", day))
    return len(json.loads((folder / "manifest.json").read_text())["curve"])


def test_the_first_as_of_day_began_anew_and_the_second_continued(built):
    first, last = training(built, FIRST), training(built, LAST)
    assert (first["from_scratch_on"], first["continued_from"]) == (str(FIRST), None)
    assert last["from_scratch_on"] == str(FIRST)
    assert last["continued_from"] == artifact_digest(built.warehouse, "sasrec", FIRST)
    assert n_epochs(built, FIRST) > n_epochs(built, LAST) == 1


def test_the_newest_earlier_day_is_continued(built, find):
    earlier = find()
    assert earlier.digest == artifact_digest(built.warehouse, "sasrec", LAST)
    assert earlier.from_scratch_on == FIRST
    assert earlier.item_ids.tolist() == training(built, LAST)["item_ids"]
    assert not np.array_equal(earlier.judged.item_vectors(), earlier.final.item_vectors())
    assert find(day=LAST).digest == artifact_digest(built.warehouse, "sasrec", FIRST)


def test_nothing_of_the_day_itself_or_later_is_continued(find):
    assert find(day=FIRST) is None


def test_after_so_many_days_training_begins_anew(find):
    assert find(day=FIRST + dt.timedelta(days=6)) is not None
    assert find(day=FIRST + dt.timedelta(days=7)) is None
    assert find(day=LAST + dt.timedelta(days=30)) is None
    assert find(from_scratch_days=1) is None


def test_another_config_begins_anew(find):
    assert find(learning_rate=0.02) is None


def test_texts_of_another_encoder_begin_anew(built):
    config = registry.config_class("sasrec").model_validate(built.project.settings.retrievers["sasrec"])
    day = dt.date(2025, 9, 21)
    assert find_earlier(built.warehouse, built.artifacts, config, "sasrec", day, None) is not None
    assert find_earlier(built.warehouse, built.artifacts, config, "sasrec", day, "another") is None


def test_other_code_begins_anew(find, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(continuation, "code_digest", lambda *folders: "other")
    assert find() is None


def test_a_damaged_model_is_not_continued(built, find, tmp_path):
    shop = built.copy(tmp_path / "copy")
    folder = shop.artifacts.get("sasrec", artifact_digest(shop.warehouse, "sasrec", LAST))
    weights = folder / "final" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert find(shop) is None


def test_a_shop_that_was_never_built_begins_anew(built, find, tmp_path):
    assert find(built.copy(tmp_path / "copy", built=False)) is None


def test_positions_are_by_id(find):
    earlier = find()
    wanted = np.array(["not there", earlier.item_ids[3], earlier.item_ids[0]], dtype=object)
    assert earlier.positions(wanted).tolist() == [-1, 3, 0]


def test_code_of_every_retriever_that_continues_is_watched():
    for name, path in registry.RETRIEVERS.items():
        if registry.retriever_class(name).continues:
            assert "/".join(path.split(".")[:2]) in CODE, name
