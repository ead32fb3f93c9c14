import json

import pytest
from chat_server import ChatServer
from item_writer import settings_of, writes
from profile_writing import EARLIER, LAST, PRICES, ledger, unusable, users_written, written
from user_writer import writes_users

from models.profiles.schema import ItemProfile, Rhythm, UserProfile
from pipelines.shown_profile import rhythm_words

HOSTILE = "[bold]Lamp[/bold] \x1b[31mred\x07 \u202eliart"


def config(shop):
    return shop.folder / "sluice.yaml"


def row(shop, table: str, order: str = "n_tokens_in DESC") -> dict:
    """One profile of the newest day."""
    return shop.warehouse.read(f"SELECT * FROM {table} WHERE as_of_day = ? ORDER BY {order} LIMIT 1", [LAST]).row(
        0, named=True
    )


@pytest.fixture
def shown(invoke):
    """What the command prints, in single spaces."""

    def run(*arguments: object) -> str:
        result = invoke("profile", *arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    return run


class TestAUser:
    def test_tastes_stand_with_their_numbers_and_events(self, built, shown):
        user = row(built, "user_profiles")
        profile = UserProfile.model_validate_json(user["profile"])
        text = shown("-c", config(built), user["user_id"], "--events", 50)
        assert text.startswith(f"User {user['user_id']}, as of {LAST} (release {LAST}-")
        assert f"Written by rules (extractive-1) from {user['n_events']} interactions" in text
        words = (" ".join(profile.summary.split()), profile.price_attitude, rhythm_words(profile.rhythm))
        assert all(word in text for word in words)
        events = built.warehouse.read(
            """SELECT event_id, concat_ws(' ', event_day, event_type, title) FROM core_events JOIN core_items
            USING (item_id) WHERE user_id = ?""",
            [user["user_id"]],
        )
        said = dict(events.iter_rows())
        for taste in (*profile.long_term, *profile.current):
            line = f"{taste.strength:.3f} {taste.confidence:.3f} {taste.kind} {taste.text}"
            assert f"{line} {' '.join(said[one] for one in taste.event_ids)}" in text

    def test_so_many_events_are_shown(self, built, shown):
        user = row(built, "user_profiles")
        profile = UserProfile.model_validate_json(user["profile"])
        n = max(len(taste.event_ids) for taste in profile.long_term)
        assert n > 1
        few, none = (shown("-c", config(built), user["user_id"], "--events", number) for number in (1, 0))
        assert f"and {n - 1} more" in few and f"and {n} more" not in few
        assert f"and {n} more" in none and "2025-09-1" not in none.partition("long-term")[2]

    def test_an_event_that_is_no_longer_there_is_named_by_its_id(self, copied, shown):
        user = row(copied, "user_profiles")
        event = UserProfile.model_validate_json(user["profile"]).long_term[0].event_ids[0]
        copied.sql(f"DELETE FROM core_events WHERE event_id = '{event}'")
        assert f"{event}: no longer among the events" in shown("-c", config(copied), "--live", user["user_id"])

    def test_titles_are_printed_literally(self, copied, invoke):
        copied.warehouse.write(lambda lake: lake.execute("UPDATE core_item_versions SET title = ?", [HOSTILE]))
        result = invoke("profile", "-c", config(copied), "--live", row(copied, "user_profiles")["user_id"])
        assert "[bold]Lamp[/bold] red\\x07 \\x202eliart" in " ".join(result.stdout.split())
        assert not {"\x1b", "\x07", "\u202e"} & set(result.stdout)
        assert max(map(len, result.stdout.splitlines())) <= 120

    def test_where_a_model_was_asked_its_words_stand_with_their_questions(self, copied, shown):
        """Night after night: the newest question is marked, and what speaks against a taste is shown."""
        always = {"user_questions": {"min_new_share": 0.0}}
        with ChatServer(writes_users) as server:
            sections = {"profiles": always, "generator": settings_of(server, **PRICES)}
            users_written(copied, EARLIER, store=True, **sections)
            frame, _ = users_written(copied, store=True, **sections)
        updated = frame.filter(frame["prompt_version"].str.starts_with("user_update")).row(0, named=True)
        found = json.loads(shown("-c", config(copied), "--live", updated["user_id"], "--json"))
        assert [(call["day"], call["used"]) for call in found["calls"]] == [(str(EARLIER), False), (str(LAST), True)]
        used = found["calls"][-1]
        assert used["prompt_version"] == updated["prompt_version"] and used["tokens_in"] and used["cost"] > 0
        text = shown("-c", config(copied), "--live", updated["user_id"])
        assert f"Written by openai {used['model']} ({updated['prompt_version']})" in text
        assert f"the whole history read as of {EARLIER}" in text and f"what was new as of {LAST}" in text
        assert " topic things like " in text and "asked of a model" in text

    def test_what_speaks_against_a_taste_is_shown(self, copied, shown):
        user = row(copied, "user_profiles")
        profile = json.loads(user["profile"])
        profile["long_term"][0]["against_event_ids"] = profile["long_term"][1]["event_ids"][:1] + ["gone"]
        sql = "UPDATE user_profiles SET profile = ? WHERE user_id = ?"
        copied.warehouse.write(lambda lake: lake.execute(sql, [json.dumps(profile), user["user_id"]]))
        text = shown("-c", config(copied), "--live", user["user_id"], "--events", 1)
        assert " but 2025-09-" in text and "and 1 more against it" in text

    def test_a_rhythm_in_words(self):
        whole = Rhythm(top_hours=[18, 9], top_weekdays=[1], active_days=3, median_gap_days=2.0)
        assert rhythm_words(whole) == "active on 3 days, 2 days apart; mostly on Mondays; around 18:00, 9:00 UTC"
        once = Rhythm(top_hours=[], top_weekdays=[], active_days=1, median_gap_days=None)
        assert rhythm_words(once) == "active on 1 day"


class TestAnItem:
    def test_claims_stand_with_their_basis(self, built, shown):
        item = row(built, "item_profiles")
        profile = ItemProfile.model_validate_json(item["profile"])
        text = shown("-c", config(built), item["item_id"])
        assert text.startswith(f"Item {item['item_id']}, as of {LAST} (release")
        assert "Written by rules (extractive-1)" in text and "asked of a model" not in text
        assert (
            f"category {' > '.join(profile.category_path)}" in text and f"brand {profile.attributes[0].value}" in text
        )
        assert all(f"key phrases {claim.text} {claim.basis}" in text for claim in profile.key_phrases)

    def test_where_a_model_was_asked_the_ledger_stands_below(self, copied, shown):
        """Of two questions the one whose answer the profile holds is marked."""
        with ChatServer(unusable) as server:
            frame, _ = written(copied, store=True, generator=settings_of(server, **PRICES))
        rich = frame.filter(frame["prompt_version"].str.starts_with("item_rich"))["item_id"]
        marked = set()
        for item in rich[:3]:
            found = json.loads(shown("-c", config(copied), "--live", item, "--json"))
            calls = found["calls"]
            assert [call["used"] for call in calls if call["prompt_version"] != found["prompt_version"]] in (
                [],
                [False],
            )
            (used,) = [call for call in calls if call["used"]]
            assert used["prompt_version"] == found["prompt_version"] and used["tokens_in"] > 0
            marked.add(used["key"])
        assert len(marked) == 3
        text = shown("-c", config(copied), "--live", item)
        kept = next(call for call in ledger(copied).to_dicts() if call["key"] == used["key"])
        assert f"Written by openai {kept['model']} ({kept['prompt_version']})" in text
        seconds = f"{kept['latency_seconds']:.4f}".rstrip("0")
        line = f"{LAST} {kept['model']} {kept['prompt_version']} answered {kept['attempts']} {kept['tokens_in']} "
        assert f"{line}{kept['tokens_out']} " in text and f"{seconds} yes" in text

    def test_words_of_an_earlier_day_lead_to_their_question(self, copied, shown):
        with ChatServer(writes) as server:
            written(copied, EARLIER, store=True, generator=settings_of(server))
            asked = set(ledger(copied)["key"])
            copied.sql("UPDATE core_item_versions SET description = 'changed'")
            frame, counts = written(
                copied, store=True, profiles={"budget": {"calls": 0}}, generator=settings_of(server)
            )
        assert counts["older profile"] > 0
        item = frame.filter(frame["backend"] == "openai")["item_id"][0]
        (call,) = json.loads(shown("-c", config(copied), "--live", item, "--json"))["calls"]
        assert call["used"] and call["key"] in asked and call["day"] == str(EARLIER)


class TestWhichOne:
    def test_as_json_it_is_all_there_is(self, built, shown):
        user = row(built, "user_profiles")
        found = json.loads(shown("-c", config(built), user["user_id"], "--json"))
        assert UserProfile.model_validate(found["profile"]) == UserProfile.model_validate_json(user["profile"])
        assert (found["kind"], found["id"], found["n_events"]) == ("user", user["user_id"], user["n_events"])
        cited = {one for taste in found["profile"]["long_term"] for one in taste["event_ids"]}
        assert cited <= set(found["events"]) and found["snapshot"] == built.newest_release().snapshot

    def test_without_live_it_is_the_release_and_with_as_of_any_state(self, copied, shown):
        item = row(copied, "item_profiles")["item_id"]
        before = copied.warehouse.snapshot()
        copied.warehouse.write(lambda lake: lake.execute("UPDATE item_profiles SET prompt_version = 'newer'"))
        told = {name: shown("-c", config(copied), item, *name.split()) for name in ("", "--live", f"--as-of {before}")}
        assert [("newer" in text) for text in told.values()] == [False, True, False]
        release = copied.newest_release().release_id
        assert f"(release {release})" in shown("-c", config(copied), item, "--as-of", release)

    def test_a_release_shows_its_own_day_and_any_day_can_be_asked_for(self, copied, shown):
        item = row(copied, "item_profiles")["item_id"]
        copied.warehouse.write(lambda lake: lake.execute("UPDATE releases SET as_of_day = ?", [EARLIER]))
        assert f"as of {EARLIER}" in shown("-c", config(copied), item)
        assert f"as of {LAST}" in shown("-c", config(copied), item, "--day", LAST)
        assert f"as of {LAST}" in shown("-c", config(copied), item, "--live")

    @pytest.mark.parametrize("name", ["nobody", "u'; DROP TABLE user_profiles; --", "", "[bold]x\x1b[31m\n"])
    def test_an_unknown_id_is_told_of_near_ones(self, built, refused, name):
        line = refused("profile", "-c", config(built), name)
        assert "no user or item " in line and f"has a profile as of {LAST}. Near are " in line

    def test_near_ones_are_of_the_kind_that_was_asked_for(self, built, refused):
        user, item = row(built, "user_profiles")["user_id"], row(built, "item_profiles")["item_id"]
        assert f"user {user}" in refused("profile", "-c", config(built), f"{user}x")
        assert f"Near are item {item}, item" in refused("profile", "-c", config(built), f"{item}x", "--kind", "item")
        assert "Near are user" in refused("profile", "-c", config(built), item, "--kind", "user")

    def test_an_id_that_is_both_needs_its_kind(self, copied, shown, refused):
        user, item = row(copied, "user_profiles")["user_id"], row(copied, "item_profiles")["item_id"]
        copied.sql(f"UPDATE user_profiles SET user_id = '{item}' WHERE user_id = '{user}'")
        line = refused("profile", "-c", config(copied), "--live", item)
        assert "is both a user and an item. Say --kind" in line
        for kind in ("user", "item"):
            assert shown("-c", config(copied), "--live", item, "--kind", kind).startswith(f"{kind.title()} {item}")

    def test_a_day_without_profiles_names_those_there_are(self, built, refused):
        item = row(built, "item_profiles")["item_id"]
        line = refused("profile", "-c", config(built), item, "--day", "2020-01-01")
        assert f"no user or item has a profile as of 2020-01-01. There are those of {EARLIER} to {LAST}." in line

    def test_states_that_cannot_be(self, built, copied, refused, tmp_path):
        assert "exclude each other" in refused("profile", "-c", config(built), "x", "--live", "--as-of", "1")
        copied.sql("DROP TABLE user_profiles", "DROP TABLE item_profiles")
        assert "there are no profiles. Run" in refused("profile", "-c", config(copied), "x", "--live")
        unbuilt = built.copy(tmp_path / "unbuilt", built=False)
        assert "there is no release yet" in refused("profile", "-c", config(unbuilt), "x")
