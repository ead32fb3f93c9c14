"""Servers that fail, and runs that are killed: nothing is paid for twice."""

import json
import traceback
from collections import Counter

import polars as pl
import pytest
from chat_server import KEY, ChatServer, Reply
from item_writer import data_of, described, reply, settings_of, writes
from profile_writing import EARLIER, by_item, ledger, some, troubled, written

from assets.generator_calls import FINAL, TABLE
from assets.profiles import writing
from models.errors import UserError
from models.profiles.shown_items import item_reference


class TestErrors:
    def test_with_30_per_cent_every_profile_is_completed_and_no_paid_call_repeated(self, shop):
        with ChatServer(troubled) as server:
            frame, counts = written(shop, generator=settings_of(server))
            paid = Counter(json.dumps(call.body) for call in server.calls if call.status == 200)
            failed = [call for call in server.calls if call.status != 200]
            again, _ = written(shop, generator=settings_of(server))
            assert Counter(json.dumps(call.body) for call in server.calls if call.status == 200) == paid
        assert set(frame["backend"]) == {"openai"} and counts["item_short.v1 answered"] == frame.height
        assert set(paid.values()) == {1} and failed and frame.equals(again)
        assert len(server.calls) > 1.2 * frame.height, "errors were injected"

    def test_items_that_get_no_answer_keep_an_older_profile_and_are_asked_again(self, shop):
        down = [False]

        def script(body, nth):
            if down[0] and some(data_of(body), 0.1):
                return Reply(500, {"error": {"message": "down"}})
            return reply(described(data_of(body)), body)

        with ChatServer(script) as server:
            earlier, _ = written(shop, EARLIER, store=True, generator=settings_of(server, max_attempts=2))
            shop.sql(f"DROP TABLE {TABLE}")
            down[0] = True
            frame, counts = written(shop, generator=settings_of(server, max_attempts=2))
            down[0] = False
            mended, _ = written(shop, generator=settings_of(server, max_attempts=2))
        assert counts["item_short.v1 failed"] == counts["older profile"] + counts.get("extractive left out", 0) > 0
        old, now = by_item(earlier), by_item(frame)
        kept = [item for item in now if some({"item": item_reference(item)}, 0.1) and item in old]
        assert kept and all(now[item]["input_digest"] == old[item]["input_digest"] for item in kept)
        assert all(now[item]["summary"] == old[item]["summary"] for item in kept)
        assert set(mended["backend"]) == {"openai"}
        assert ledger(shop).group_by("key").agg(pl.col("outcome").is_in(FINAL).sum())["outcome"].max() == 1


class TestTheLedger:
    def test_without_the_ledger_it_would_ask_about_all(self, shop, monkeypatch):
        monkeypatch.setattr(writing, "kept_answers", lambda warehouse, keys: {})
        with ChatServer(writes) as server:
            for _ in range(2):
                frame, _ = written(shop, generator=settings_of(server))
        assert len(server.calls) == 2 * frame.height

    def test_a_server_that_shuts_out_ends_the_run_and_what_was_paid_is_kept(self, shop, monkeypatch):
        monkeypatch.setenv("A_KEY", KEY)
        answered = []

        def until_the_key_expires(body, nth):
            answered.append(body)
            return writes(body, nth) if len(answered) <= 30 else Reply(401, {"error": {"message": f"no {KEY}"}})

        with ChatServer(until_the_key_expires) as server:
            with pytest.raises(UserError, match="401") as caught:
                written(shop, generator=settings_of(server, api_key_env="A_KEY"))
            assert KEY not in "".join(traceback.format_exception(caught.value))
            assert ledger(shop).height == 30
