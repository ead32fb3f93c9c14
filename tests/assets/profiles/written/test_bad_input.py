"""What servers answer and what catalogues hold, each to an item of its own: what becomes of its profile.

The same troubles one by one, at the client alone: tests/resources/text_generators/test_openai_troubles.py.
"""

import json
from collections import Counter

import pytest
from chat_server import ChatServer, Reply, completion
from item_writer import data_of, described, is_rich, reply, settings_of, writes
from profile_writing import LAST, by_item, ledger, written

from models.errors import UserError
from models.profiles.audit import audit_profiles
from models.profiles.schema import ItemProfile
from models.profiles.shown_items import item_reference

TRANSPORT = {
    "429": Reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"}),
    "500": Reply(500, "Internal Server Error"),
    "503": Reply(503, {"error": {"message": "overloaded"}}),
    "hang": Reply(how="hang"),
    "drip": Reply(body=completion("x" * 50), how="drip"),
    "cut": Reply(body=completion("{}"), how="cut"),
    "half a body": Reply(body='{"choices": [{"mess'),
}
SENSELESS = ("prose", "truncated", "refusal", "another item", "another language", "empty")
GERMAN = "Das ist ein Artikel, der für die Küche und den Garten gemacht ist und lange hält."


def items_of(shop) -> list[str]:
    return shop.warehouse.read("SELECT item_id FROM item_profiles WHERE as_of_day = ? ORDER BY ALL", [LAST])[
        "item_id"
    ].to_list()


def for_each(shop, names) -> dict[str, str]:
    """Reference -> trouble, an item for each."""
    return {item_reference(item): name for item, name in zip(items_of(shop), names, strict=False)}


def senseless(name: str, body) -> Reply:
    data = data_of(body)
    if name == "refusal":
        return Reply(body=completion(None, refusal="I cannot describe this."))
    answers = {
        "prose": "A fine thing for any kitchen.",
        "truncated": json.dumps(described(data))[:-20],
        "another item": json.dumps(described(data, item=item_reference("another"))),
        "another language": json.dumps(described(data, summary=GERMAN)),
        "empty": "",
    }
    return reply(answers[name], body)


class TestServers:
    def test_passing_troubles_cost_a_call_and_no_profile(self, shop):
        troubles = for_each(shop, TRANSPORT)

        def script(body, nth):
            name = troubles.get(data_of(body)["item"])
            return TRANSPORT[name] if name and nth == 1 else writes(body, nth)

        with ChatServer(script) as server:
            frame, counts = written(shop, generator=settings_of(server, concurrency=8, deadline_seconds=2.5))
            asked = Counter(data_of(call.body)["item"] for call in server.calls)
        assert set(frame["backend"]) == {"openai"} and counts["item_short.v1 answered"] == frame.height
        assert {item: n for item, n in asked.items() if n > 1} == dict.fromkeys(troubles, 2)
        calls = ledger(shop)
        assert calls["key"].is_unique().all() and calls["attempts"].sum() == len(server.calls)

    def test_answers_without_sense_leave_the_profile_to_the_rules(self, shop):
        troubles = for_each(shop, SENSELESS)

        def script(body, nth):
            name = troubles.get(data_of(body)["item"])
            return senseless(name, body) if name else writes(body, nth)

        with ChatServer(script) as server:
            frame, counts = written(shop, generator=settings_of(server))
            asked = [call.body for call in server.calls if data_of(call.body)["item"] in troubles]
            n_calls = len(server.calls)
            written(shop, generator=settings_of(server))
            assert len(server.calls) == n_calls, "an answer that came is not asked for again"
        rows = by_item(frame)
        assert {rows[item]["backend"] for item in items_of(shop)[: len(SENSELESS)]} == {"extractive"}
        assert counts["extractive rejected"] == counts["item_rich.v1 rejected"] == len(SENSELESS)
        assert counts["item_short.v1 answered"] == frame.height - len(SENSELESS)
        assert {troubles[data_of(body)["item"]] for body in asked if is_rich(body)} == set(SENSELESS)
        assert not audit_profiles(frame, frame["item_id"]).invalid
        outcomes = Counter(ledger(shop)["outcome"])
        assert (outcomes["invalid"], outcomes["refused"]) == (6, 2), (
            "two prompts each; the other answers are valid JSON"
        )

    @pytest.mark.parametrize(
        ("status", "message", "told"),
        [
            (404, "The model `writer` does not exist.", "does not know the model"),
            (401, "No such key", "refused the key"),
        ],
    )
    def test_a_wrong_model_or_key_ends_the_run_and_leaves_the_table(self, shop, status, message, told):
        before = shop.warehouse.digest("item_profiles")
        with ChatServer(lambda *_: Reply(status, {"error": {"message": message}})) as server:
            with pytest.raises(UserError, match=told):
                written(shop, store=True, generator=settings_of(server))
            assert len(server.calls) <= 4
        assert shop.warehouse.digest("item_profiles") == before


PARTS = ["brass", "glass", "oak", "linen", "copper", "wool", "marble", "cork", "rattan", "ash", "enamel", "slate"]
LIST = "".join(f"<ul><li>{one} &amp; {other}</li></ul>" for one, other in zip(PARTS, PARTS[6:], strict=False))


class TestCatalogues:
    TEXTS = {
        "no text": ("", ""),
        "200 kB of HTML": ("Lamp", "<div><p>Warm light.</p>" + LIST * 1000 + "</div>"),
        "only emoji": ("\u2615\U0001f375", "\U0001f600 \U0001f680"),
    }

    def test_items_with_odd_texts_are_profiled(self, shop, tmp_path):
        own = shop.copy(tmp_path / "own")
        items = dict(zip(self.TEXTS, items_of(shop), strict=False))
        for name, (title, description) in self.TEXTS.items():
            sql = """UPDATE core_item_versions SET title = ?, description = ?, brand = ?,
                category = CASE WHEN ? = '' THEN NULL ELSE category END WHERE item_id = ?"""
            values = [title, description, "", title, items[name]]
            own.warehouse.write(lambda lake, sql=sql, values=values: lake.execute(sql, values))
        with ChatServer(writes) as server:
            frame, counts = written(own, generator=settings_of(server))
            asked = {data_of(call.body)["item"]: data_of(call.body) for call in server.calls}
        rows = by_item(frame)
        assert not audit_profiles(frame, frame["item_id"]).invalid and counts["without text"] == 1
        assert rows[items["no text"]]["backend"] == "extractive" and item_reference(items["no text"]) not in asked
        shown = asked[item_reference(items["200 kB of HTML"])]["description"]
        assert shown.startswith("Warm light.") and "<" not in shown and len(shown) <= 4000
        assert rows[items["200 kB of HTML"]]["backend"] == "openai"
        emoji = ItemProfile.model_validate_json(rows[items["only emoji"]]["profile"])
        assert emoji.title == self.TEXTS["only emoji"][0] and {claim.basis for claim in emoji.key_phrases} <= {
            "inferred"
        }
