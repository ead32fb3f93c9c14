"""Items whose text hardly changes keep their words, held to the text of today."""

import datetime as dt

import polars as pl
import pytest
from chat_server import ChatServer
from item_writer import data_of, described, reply, settings_of
from profile_writing import LAST, by_item, configured, written

from assets.point_in_time import items_known
from assets.profiles.item_plan import plan_items
from models.profiles.schema import ItemProfile
from resources.text_generators.factory import make_generator
from resources.warehouse import insert

LENIENT = {"min_text_change": 0.2}
LONG = "A wide bowl of thin glass for fruit or bread, made by hand in a small workshop near the sea, each a bit other"


@pytest.fixture
def described_anew(shop):
    """Gives one item a description from a day on, as a dated catalogue would."""
    versions = shop.warehouse.read("SELECT * FROM core_item_versions")
    item = items_known(shop.warehouse, LAST)["item_id"].sort()[0]

    def describe(day: dt.date, description: str) -> str:
        own = shop.warehouse.read(
            "SELECT * FROM core_item_versions WHERE item_id = ? ORDER BY valid_from DESC LIMIT 1", [item]
        )
        new = own.with_columns(valid_from=pl.lit(day), description=pl.lit(description))

        def change(connection):
            connection.execute(
                "UPDATE core_item_versions SET valid_to = ? WHERE item_id = ? AND valid_from = ?",
                [day, item, own["valid_from"][0]],
            )
            insert(connection, "core_item_versions", new)

        shop.warehouse.write(change)
        return item

    yield describe

    def back(connection):
        connection.execute("DELETE FROM core_item_versions")
        insert(connection, "core_item_versions", versions)

    shop.warehouse.write(back)


def glassy(body, nth):
    data = data_of(body)
    return reply(described(data, key_phrases=[{"text": "thin glass", "basis": "stated"}]), body)


def days(n: int) -> dt.date:
    return LAST + dt.timedelta(days=n)


class TestAThreshold:
    def test_small_changes_cost_nothing_and_add_up(self, shop, described_anew):
        item = described_anew(days(1), LONG)
        with ChatServer(glassy) as server:
            generator = settings_of(server)
            written(shop, days(1), profiles=LENIENT, generator=generator)
            n = len(server.calls)
            described_anew(days(2), LONG.replace("thin", "clear"))
            frame, counts = written(shop, days(2), profiles=LENIENT, generator=generator)
            assert len(server.calls) == n and counts["hardly changed"] == 1
            profile = ItemProfile.model_validate_json(by_item(frame)[item]["profile"])
            assert profile.key_phrases[0].basis == "inferred", "the text no longer says so"
            described_anew(days(3), LONG.replace("thin", "clear").replace("small", "tiny").replace("bread", "soup"))
            _, counts = written(shop, days(3), profiles=LENIENT, generator=generator)
            assert len(server.calls) == n + 1 and "hardly changed" not in counts, "it was held against what was asked"

    def test_of_zero_asks_at_any_change_and_the_plan_knows(self, shop, described_anew):
        described_anew(days(1), LONG)
        with ChatServer(glassy) as server:
            written(shop, days(1), generator=settings_of(server))
            n = len(server.calls)
            described_anew(days(2), LONG.replace("thin", "clear"))
            for profiles, questions in (({}, 1), (LENIENT, 0)):
                settings = configured(shop, profiles=profiles, generator=settings_of(server))
                plan = plan_items(shop.warehouse, make_generator(settings.generator), settings, days(2))
                assert plan.shares[0].questions == questions
            written(shop, days(2), generator=settings_of(server))
        assert len(server.calls) == n + 1

    def test_a_later_version_is_no_reason_to_keep_an_answer(self, shop, described_anew):
        """The answer for the text of a later day does not count for an earlier one."""
        described_anew(days(1), LONG)
        described_anew(days(2), LONG.replace("thin", "clear"))
        with ChatServer(glassy) as server:
            written(shop, days(2), profiles=LENIENT, generator=settings_of(server))
            n = len(server.calls)
            written(shop, days(1), profiles=LENIENT, generator=settings_of(server))
        assert len(server.calls) == n + 1
