"""Item profiles by a real server and by a real model that knows nothing: complete, kept, within bounds."""

import datetime as dt
import json
from collections import Counter

import polars as pl
import pytest
from chat_server import ChatServer, Reply
from item_writer import data_of, described, instead, is_rich, reply, settings_of, writes
from tiny_llama import save_llama

from assets.generator_calls import TABLE
from assets.point_in_time import items_known
from assets.profiles.written_items import write_items
from models.profiles.audit import audit_profiles
from models.profiles.item_profiles import item_profiles
from resources.text_generators.factory import make_generator

LAST = dt.date(2025, 9, 20)


def written(shop, day: dt.date = LAST, **sections) -> tuple[pl.DataFrame, dict[str, int]]:
    """The profiles of a day, without the rest of the graph."""
    shop.configure(**{"profiles": {"backend": "generator"}, **sections})
    settings, warehouse = shop.project.settings, shop.warehouse
    items = items_known(warehouse, day)
    rows = item_profiles(items, day, settings.profiles)
    return write_items(warehouse, make_generator(settings.generator), settings, rows, items, day)


@pytest.fixture(scope="class")
def shop(built, tmp_path_factory):
    return built.copy(tmp_path_factory.mktemp("written") / "copy")


@pytest.fixture(autouse=True)
def _no_calls_yet(shop):
    shop.sql(f"DROP TABLE IF EXISTS {TABLE}")


class TestAServer:
    def test_every_profile_is_valid_and_in_the_models_words(self, shop):
        with ChatServer(writes) as server:
            frame, counts = written(shop, generator=settings_of(server))
        print(counts)
        audit = audit_profiles(frame, frame["item_id"])
        assert not audit.invalid and set(frame["backend"]) == {"openai", "extractive"}
        print(shop.warehouse.read("select * from hostile_texts").rows())


class TestATinyModel:
    def test_valid(self, shop, tmp_path):
        folder = save_llama(tmp_path / "llama", positions=8192)
        frame, counts = written(shop, generator={"backend": "transformers", "model": str(folder), "max_tokens": 120})
        print(counts, frame["profile"][0])
        audit = audit_profiles(frame, frame["item_id"])
        assert not audit.invalid
