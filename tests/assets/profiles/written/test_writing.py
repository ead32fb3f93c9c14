"""Item profiles by a real server and a real small model; what happens where an answer cannot be used."""

import json
import shutil
import zlib
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from chat_server import KEY, ChatServer, Reply
from item_writer import data_of, described, is_rich, reply, settings_of, writes
from jsonschema import Draft202012Validator
from profile_writing import LAST, PRICES, by_item, configured, ledger, some, unusable, written
from tiny_llama import save_llama
from user_writer import is_about_a_user, writes_users

from assets.point_in_time import items_known
from assets.profiles import item_questions
from assets.profiles.item_plan import plan_items
from models.profiles import prompt_files, shown_items
from models.profiles.audit import audit_profiles
from models.profiles.item_profiles import item_profiles
from models.profiles.prompt_files import load_prompt
from models.profiles.schema import ItemProfile
from models.profiles.shown_items import item_reference
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days
from resources.text_generators.factory import make_generator


class TestAServer:
    def test_the_way_through_the_graph(self, shop, monkeypatch, capfd):
        """Materialised as anything else, items and users: valid, covered, kept, nothing asked twice; no key anywhere."""
        monkeypatch.setenv("A_KEY", KEY)

        def repeats_the_key(body, nth):
            data = data_of(body)
            if is_about_a_user(data):
                return writes_users(body, nth)
            if some(data, 0.2) and nth == 1:
                return Reply(500, {"error": {"message": f"your key {KEY} is overloaded"}})
            return reply(
                described(data, summary=f"{data['title']}, with {KEY}") if some(data, 0.1) else described(data), body
            )

        with ChatServer(repeats_the_key) as server:
            settings = configured(shop, generator=settings_of(server, api_key_env="A_KEY", **PRICES))
            names = ["item_profiles", "user_profiles", "profile_calls"]
            outcome = run_days(shop.definitions(), shop.instance(), settings, LEARNING_JOB, LAST, print, names)
            assert outcome.success, outcome.failures
            assert all(f"{kind}_profiles_are_valid" in str(outcome.checks) for kind in ("item", "user"))
            n_calls, before = len(server.calls), shop.digests(names[:2])
            again = run_days(shop.definitions(), shop.instance(), settings, LEARNING_JOB, LAST, print, names)
            assert again.success and len(server.calls) == n_calls, "every answer was kept"
        rows, users = (shop.warehouse.read(f"SELECT * FROM {n} WHERE as_of_day = ?", [LAST]) for n in names[:2])
        assert set(rows["backend"]) == set(users["backend"]) == {"openai"} and shop.digests(names[:2]) == before
        assert (rows["text"].str.starts_with(rows["summary"])).all()
        calls = ledger(shop)
        assert (
            n_calls == calls["attempts"].sum()
            and calls.height == rows.height + users.height
            and set(calls["outcome"]) == {"answered"}
        )
        expected = (calls["tokens_in"] + 10 * calls["tokens_out"]) / 1e6
        assert calls["cost"].to_list() == pytest.approx(expected.to_list()) and calls["cost"].min() > 0
        kinds = dict(calls.group_by("kind").len().iter_rows())
        assert kinds == {"item_profile": rows.height, "user_profile": users.height} and set(calls["day"]) == {LAST}
        made = shop.warehouse.read("SELECT * FROM profile_calls WHERE as_of_day = ? AND kind = 'user'", [LAST])
        assert set(made["backend"]) == {"openai"} and made["tokens_in"].min() > 0
        said = [shop.warehouse.read(f"SELECT * FROM {name}").write_json() for name in shop.tables()]
        said += [path.read_text(errors="replace") for path in shop.folder.rglob("*.log")]
        assert KEY not in "".join([*said, *capfd.readouterr()])
        files = [path for path in shop.folder.rglob("*") if path.is_file()]
        assert any(path.suffix == ".db" for path in files), "Dagster's runs and events are among them"
        assert [path for path in files if KEY.encode() in path.read_bytes()] == []
        assert any(call.authorization == f"Bearer {KEY}" for call in server.calls)

    def test_facts_are_the_shops_and_words_the_models(self, shop):
        with ChatServer(writes) as server:
            frame, _ = written(shop, generator=settings_of(server))
        rules = by_item(item_profiles(items_known(shop.warehouse, LAST), LAST))
        for row in frame.iter_rows(named=True):
            profile, fact = (ItemProfile.model_validate_json(one["profile"]) for one in (row, rules[row["item_id"]]))
            for name in ("item_id", "title", "category_path", "price_band", "recency", "available_since"):
                assert getattr(profile, name) == getattr(fact, name)
            assert profile.summary == row["summary"] == f"This is {fact.title}, made for someone."
            assert profile.audience[0].basis == "inferred", "no text says so, whatever the model claims"
            assert {phrase.basis for phrase in profile.key_phrases if len(phrase.text) > 4} == {"stated"}

    def test_prompts_hold_the_item_and_nobodys_data(self, shop):
        item = items_known(shop.warehouse, LAST)["item_id"][0]
        before = shop.warehouse.read("SELECT description FROM core_item_versions WHERE item_id = ?", [item])[0, 0]
        shop.sql(
            f"UPDATE core_item_versions SET description = 'Ask jane@shop.com, 555-123-4567' WHERE item_id = '{item}'"
        )
        try:
            with ChatServer(writes) as server:
                written(shop, generator=settings_of(server))
        finally:
            shop.sql(f"UPDATE core_item_versions SET description = '{before}' WHERE item_id = '{item}'")
        sent = json.dumps([call.body for call in server.calls])
        assert "jane@" not in sent and "555-123" not in sent and item not in sent

    def test_only_so_much_of_a_text_is_shown(self, shop):
        lengths = []
        for characters in (40, 4000):
            with ChatServer(writes) as server:
                written(shop, profiles={"prompt_characters": characters}, generator=settings_of(server))
            lengths.append(max(len(data_of(call.body)["description"]) for call in server.calls))
        assert lengths[0] <= 40 < lengths[1]


class TestATinyModel:
    def test_every_profile_is_valid_and_the_plan_counts_its_tokens(self, shop, tmp_path):
        folder = save_llama(tmp_path / "llama", positions=8192)
        generator = {"backend": "transformers", "model": str(folder), "max_tokens": 100, **PRICES}
        settings = configured(shop, generator=generator)
        plan = plan_items(shop.warehouse, make_generator(settings.generator), settings, LAST)
        frame, counts = written(shop, generator=generator)
        assert not audit_profiles(frame, frame["item_id"]).invalid
        assert counts["item_short.v1 answered"] > 0.5 * frame.height
        assert (frame["backend"] == "transformers").sum() == sum(n for name, n in counts.items() if "answered" in name)
        short = ledger(shop).filter(pl.col("prompt_version").str.starts_with("item_short"))
        assert plan.read_how == "counted" and plan.shares[0].tokens_in == short["tokens_in"].sum()
        assert plan.shares[0].calls == short.height

    def test_the_whole_asset_runs_and_every_answer_keeps_the_schema(self, shop, tmp_path):
        folder = save_llama(tmp_path / "llama", positions=8192)
        settings = configured(shop, generator={"backend": "transformers", "model": str(folder), "max_tokens": 100})
        outcome = run_days(shop.definitions(), shop.instance(), settings, LEARNING_JOB, LAST, print, ["item_profiles"])
        assert outcome.success, outcome.failures
        calls = ledger(shop)
        assert set(calls["outcome"]) == {"answered"}, "held to the schema while it writes"
        schemas = {prompt.version: prompt.schema for prompt in map(load_prompt, item_questions.STEPS)}
        said = [json.loads(value) for value in calls["value"]]
        for value, version in zip(said, calls["prompt_version"], strict=True):
            Draft202012Validator(schemas[version]).validate(value)
        rows = shop.warehouse.read("SELECT * FROM item_profiles WHERE as_of_day = ?", [LAST])
        assert {one["item"] for one in said} == set(map(item_reference, rows["item_id"])), (
            "and to the item it was asked about"
        )
        assert "transformers" in set(rows["backend"]) <= {"transformers", "extractive"}
        assert not audit_profiles(rows, rows["item_id"]).invalid


class TestEscalation:
    def test_short_then_rich_then_rules_each_counted(self, shop):
        with ChatServer(unusable) as server:
            frame, counts = written(shop, generator=settings_of(server))
        places = Counter(zlib.crc32(item.encode()) % 4 for item in map(item_reference, frame["item_id"]))
        assert counts["item_short.v1 answered"] == places[0]
        assert counts["item_rich.v1 answered"] == places[1] + places[3]
        assert counts["extractive rejected"] == counts["item_rich.v1 rejected"] == places[2]
        made = frame.group_by("backend").len()
        assert dict(made.iter_rows()) == {"extractive": places[2], "openai": frame.height - places[2]}
        assert not audit_profiles(frame, frame["item_id"]).invalid
        assert "0123456789ab" not in "".join(frame["profile"]) and "Ignore all" not in "".join(frame["profile"])

    def test_without_the_look_at_references_another_items_words_would_be_taken(self, shop, monkeypatch):
        monkeypatch.setattr(shown_items.ShownItem, "reference", "0123456789ab")
        with ChatServer(unusable) as server:
            _, counts = written(shop, generator=settings_of(server))
        assert "extractive rejected" not in counts

    def test_changing_a_prompt_makes_exactly_its_profiles_stale(self, shop, tmp_path, monkeypatch):
        prompts = Path(shutil.copytree(prompt_files.PROMPTS, tmp_path / "prompts"))
        monkeypatch.setattr(prompt_files, "PROMPTS", prompts)
        with ChatServer(unusable) as server:
            before, _ = written(shop, generator=settings_of(server))
            n_calls = len(server.calls)
            rich = prompts / "item_rich.v1.jinja"
            rich.write_text(rich.read_text().replace("in general words", "in very general words"))
            after, _ = written(shop, generator=settings_of(server))
            asked = server.calls[n_calls:]
        assert asked and all(is_rich(call.body) for call in asked)
        changed = before.join(after, on="item_id").filter(pl.col("input_digest") != pl.col("input_digest_right"))
        of_rich = before.filter(pl.col("prompt_version").str.starts_with("item_rich"))
        assert set(changed["item_id"]) == set(of_rich["item_id"]) and not of_rich.is_empty()

    def test_another_model_makes_all_of_them_stale(self, shop):
        with ChatServer(writes) as server:
            one, _ = written(shop, generator=settings_of(server))
            two, _ = written(shop, generator=settings_of(server, model="another"))
        assert not set(one["input_digest"]) & set(two["input_digest"])


def test_questions_to_a_model_in_this_process_hold_it_to_the_item(shop):
    settings = configured(shop, generator={"backend": "transformers", "model": "any"})
    item = shown_items.ShownItem("a", "Mug", "", "", "")
    step = item_questions.steps_of(settings)[0]
    assert step.request(item).schema["properties"]["item"] == {"const": item.reference}
