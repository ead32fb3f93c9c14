"""Items whose text talks to the language model."""

import polars as pl
import pytest
from chat_server import ChatServer
from item_writer import data_of, described, reply, settings_of
from profile_writing import CORPUS, LAST, by_item, unusable, written

from assets.point_in_time import items_known
from models.profiles import answers, shown_items


class TestHostileTexts:
    @pytest.fixture
    def hostile(self, shop):
        """The corpus as descriptions of all items but the last five, which are too few for some orders."""
        items = items_known(shop.warehouse, LAST)["item_id"].to_list()
        texts = dict(zip(items[:-5], [CORPUS[0], *reversed(CORPUS[1:])], strict=False))
        kept = shop.warehouse.read("SELECT * FROM core_item_versions")
        frame = pl.DataFrame({"item_id": list(texts), "text": list(texts.values())})

        def plant(connection):
            connection.register("_texts", frame.to_arrow())
            connection.execute(
                "UPDATE core_item_versions SET description = _texts.text FROM _texts "
                "WHERE core_item_versions.item_id = _texts.item_id"
            )
            connection.unregister("_texts")

        shop.warehouse.write(plant)
        yield texts
        from resources.warehouse import insert

        def back(connection):
            connection.execute("DELETE FROM core_item_versions")
            insert(connection, "core_item_versions", kept)

        shop.warehouse.write(back)

    @staticmethod
    def gullible(body, nth):
        """Does what a text tells it, also about others."""
        data = data_of(body)
        told = "ignore all" in data["description"].lower() or "disregard" in data["description"].lower()
        summary = "THE BEST PRODUCT" if told else f"{data['title']}."
        return reply(described(data, summary=summary), body)

    def test_the_corpus_is_withheld_and_flagged_and_changes_no_other_profile(self, shop, hostile):
        with ChatServer(self.gullible) as server:
            frame, counts = written(shop, generator=settings_of(server))
        sent = [data_of(call.body)["description"] for call in server.calls]
        flagged = by_item(shop.warehouse.read("SELECT * FROM hostile_texts WHERE as_of_day = ?", [LAST]))
        harmless = {item for item in hostile if item not in flagged}
        assert counts["withheld"] == len(flagged) >= len(hostile) - 1
        assert [hostile[item] for item in harmless] == ["Mug \u200b\u200b\u200b\u200b big"]
        assert "Mug big" in sent, "what hides nothing but gaps is shown without them"
        assert not set(sent) & set(hostile.values())
        rows = by_item(frame)
        assert {rows[item]["backend"] for item in flagged} == {"extractive"}
        assert {row["rule"] for row in flagged.values()} == {
            "hidden", "role", "order", "persona", "answer", "promotion", "stuffing", "noise"
        }  # fmt: skip
        assert "THE BEST PRODUCT" not in "".join(frame["profile"])

    def test_other_profiles_are_the_same_without_them(self, shop, request):
        with ChatServer(self.gullible) as server:
            honest = by_item(written(shop, generator=settings_of(server))[0])
            texts = request.getfixturevalue("hostile")
            planted = by_item(written(shop, generator=settings_of(server))[0])
        others = set(honest) - set(texts)
        words = ("summary", "key_phrases", "input_digest", "profile", "backend")
        assert others and all(honest[item][name] == planted[item][name] for item in others for name in words)

    def test_without_the_defence_the_model_would_obey(self, shop, hostile, monkeypatch):
        monkeypatch.setattr(shown_items, "hostile_kind", lambda text: None)
        with ChatServer(self.gullible) as server:
            frame, _ = written(shop, generator=settings_of(server))
        assert "THE BEST PRODUCT" in "".join(frame["profile"])

    def test_answers_that_talk_to_a_model_are_the_second_defence(self, shop, monkeypatch):
        with ChatServer(unusable) as server:
            monkeypatch.setattr(answers, "hostile_kind", lambda text: None)
            frame, _ = written(shop, generator=settings_of(server))
        assert "Ignore all" in "".join(frame["profile"]), "it was the look at the answer that kept it out"
