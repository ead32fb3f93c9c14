"""Night after night: what is new goes into yesterday's profile, and what hardly changed costs nothing."""

import datetime as dt
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from chat_server import ChatServer
from item_writer import data_of, reply, settings_of
from profile_writing import EARLIER, LAST, by_user, ledger, users_written, written
from user_writer import is_rich, is_update, operation, user_described, writes, writes_users

from assets.point_in_time import interactions_until
from models.profiles import prompt_files
from models.profiles.audit import audit_profiles
from models.profiles.schema import UserProfile
from models.profiles.shown_users import user_reference
from resources.warehouse import insert

ALWAYS = {"user_questions": {"min_new_share": 0.0}}
"""Asked again at any new event."""


def profiles_of(frame: pl.DataFrame) -> dict[str, UserProfile]:
    return {user: UserProfile.model_validate_json(text) for user, text in frame.select("user_id", "profile").rows()}


def topics(profile: UserProfile) -> list[str]:
    return [taste.text for taste in profile.long_term if taste.kind == "topic"]


def active(shop, after: dt.date, until: dt.date) -> set[str]:
    """Users with something new between two days, returns among it."""
    events = interactions_until(shop.warehouse, until).filter(pl.col("event_day") > after)
    back = "SELECT DISTINCT user_id FROM core_undone_interactions WHERE undone_on > ? AND undone_on <= ?"
    return set(events["user_id"]) | set(shop.warehouse.read(back, [after, until])["user_id"])


class TestTheNextDay:
    def test_what_is_new_goes_into_the_earlier_profile(self, shop):
        with ChatServer(writes_users) as server:
            first, _ = users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
            n_first = len(server.calls)
            now, counts = users_written(shop, profiles=ALWAYS, generator=settings_of(server))
            calls = server.calls[n_first:]
        old, new, rows = profiles_of(first), profiles_of(now), by_user(now)
        came, known = active(shop, EARLIER, LAST), set(old)
        assert counts["user_update.v1 answered"] == len(came & known) > 20
        assert counts["user_short.v1 answered"] == len(set(new) - known)
        assert counts["words stand"] == len(known - came) > 0
        assert len(calls) == counts["calls"] == len(came & known) + len(set(new) - known)
        for call in filter(lambda call: is_update(data_of(call.body)), calls):
            data = data_of(call.body)
            assert all(event["day"] > str(EARLIER) or event.get("given_back") for event in data["events"])
        for user in came & known:
            assert rows[user]["prompt_version"].startswith("user_update.v1")
            assert (new[user].asked.built_on, new[user].asked.asked_on) == (EARLIER, LAST)
            assert len(topics(new[user])) >= len(topics(old[user]))
        assert any(set(topics(old[user])) < set(topics(new[user])) for user in came & known)
        for user in known - came:
            assert new[user].summary == old[user].summary and rows[user]["n_tokens_in"] == 0
            assert new[user].asked == old[user].asked and topics(new[user]) == topics(old[user])
        assert not audit_profiles(now, now["user_id"]).invalid

    def test_what_is_given_back_later_is_news(self, shop):
        bought, returned = dt.date(2025, 9, 15), dt.date(2025, 9, 16)
        back = shop.warehouse.read(
            "SELECT DISTINCT user_id FROM core_undone_interactions WHERE undone_on = ?", [returned]
        )
        with ChatServer(writes_users) as server:
            users_written(shop, bought, store=True, profiles=ALWAYS, generator=settings_of(server))
            n = len(server.calls)
            users_written(shop, returned, profiles=ALWAYS, generator=settings_of(server))
        told = {data["user"]: data["events"] for data in (data_of(call.body) for call in server.calls[n:])}
        shown = [told[user_reference(user)] for user in back["user_id"]]
        assert len(shown) == 4 and all(any(event.get("given_back") for event in events) for events in shown)
        assert all(event["day"] in (str(bought), str(returned)) for events in shown for event in events)

    def test_operations_that_cannot_be_done_are_counted_and_those_that_can_are_done(self, shop):
        def half(body, nth):
            data = data_of(body)
            if not is_update(data):
                return reply(user_described(data), body)
            good = operation("ADDED", events=["e1"], statement="something else")
            return reply(user_described(data, operations=[good, operation("RETIRED", "p99")]), body)

        with ChatServer(half) as server:
            users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
            now, counts = users_written(shop, profiles=ALWAYS, generator=settings_of(server))
        assert counts["statements dropped"] == counts["user_update.v1 answered"] > 0
        assert counts["because it names a proposition that was not shown"] == counts["statements dropped"]
        updated = now.filter(pl.col("prompt_version").str.starts_with("user_update"))
        assert all("something else" in text for text in updated["profile"])

    def test_an_update_that_fails_reads_the_whole_history_with_the_richer_prompt(self, shop):
        def fails(body, nth):
            data = data_of(body)
            return reply("Nothing new, I think.", body) if is_update(data) else reply(user_described(data), body)

        with ChatServer(fails) as server:
            users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
            n = len(server.calls)
            now, counts = users_written(shop, profiles=ALWAYS, generator=settings_of(server))
        assert counts["user_update.v1 rejected"] == counts["user_rich.v1 answered"] > 20
        assert any(is_rich(call.body) for call in server.calls[n:])
        rich = now.filter(pl.col("prompt_version").str.starts_with("user_rich"))
        assert {profile.asked.built_on for profile in profiles_of(rich).values()} == {LAST}

    def test_after_some_days_the_whole_history_is_read_again(self, shop):
        often = {"user_questions": {"min_new_share": 0.0, "rebuild_days": (LAST - EARLIER).days}}
        with ChatServer(writes_users) as server:
            users_written(shop, EARLIER, store=True, profiles=often, generator=settings_of(server))
            now, counts = users_written(shop, profiles=often, generator=settings_of(server))
        assert counts["user_short.v1 answered"] > 20 and "user_update.v1 answered" not in counts
        assert counts["words stand"] > 0, "who did nothing has nothing to be read again"

    def test_another_model_or_a_changed_prompt_starts_anew(self, shop, tmp_path, monkeypatch):
        prompts = Path(shutil.copytree(prompt_files.PROMPTS, tmp_path / "prompts"))
        monkeypatch.setattr(prompt_files, "PROMPTS", prompts)
        with ChatServer(writes_users) as server:
            other = settings_of(server, model="another")
            first, _ = users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
            _, counts = users_written(shop, profiles=ALWAYS, generator=other)
            assert "words stand" not in counts and "user_update.v1 answered" not in counts
            rich = prompts / "user_rich.v1.jinja"
            rich.write_text(rich.read_text().replace("Never empty.", "Never, ever empty."))
            n = len(server.calls)
            again, counts = users_written(shop, EARLIER, profiles=ALWAYS, generator=settings_of(server))
            assert len(server.calls) == n and again.equals(first), "nothing was written with it"
            short = prompts / "user_short.v1.jinja"
            short.write_text(short.read_text().replace("two to four", "two or three"))
            _, counts = users_written(shop, profiles=ALWAYS, generator=settings_of(server))
        assert "words stand" not in counts and "user_update.v1 answered" not in counts

    def test_a_changed_update_prompt_makes_only_updated_profiles_stale(self, shop, tmp_path, monkeypatch):
        prompts = Path(shutil.copytree(prompt_files.PROMPTS, tmp_path / "prompts"))
        monkeypatch.setattr(prompt_files, "PROMPTS", prompts)
        middle = EARLIER + dt.timedelta(days=1)
        with ChatServer(writes_users) as server:
            users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
            users_written(shop, middle, store=True, profiles=ALWAYS, generator=settings_of(server))
            update = prompts / "user_update.v1.jinja"
            update.write_text(update.read_text().replace("at most eight changes", "at most seven changes"))
            now, counts = users_written(shop, profiles=ALWAYS, generator=settings_of(server))
        updated = active(shop, EARLIER, middle)
        stale = [user for user, profile in profiles_of(now).items() if profile.asked.built_on == LAST]
        assert counts["words stand"] > 0 and not set(stale) & (active(shop, middle, LAST) - updated)


class TestNothingLater:
    def test_an_event_of_the_next_day_changes_no_prompt_of_the_day(self, shop):
        def asked():
            shop.sql("DROP TABLE IF EXISTS generator_calls")
            with ChatServer(writes_users) as server:
                users_written(shop, day, profiles=ALWAYS, generator=settings_of(server))
            return sorted(json.dumps(call.body) for call in server.calls)

        day = LAST - dt.timedelta(days=1)
        with ChatServer(writes_users) as server:
            users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
        before = asked()
        kept = shop.warehouse.read("SELECT * FROM core_interactions")
        later = kept.filter(pl.col("event_day") == day).with_columns(
            event_day=pl.lit(LAST),
            event_id=pl.col("event_id") + "-later",
            event_at=pl.col("event_at") + dt.timedelta(days=1),
            weight=pl.lit(100.0),
        )
        with ChatServer(writes_users) as server:
            users_written(shop, LAST, store=True, profiles=ALWAYS, generator=settings_of(server))
        shop.warehouse.write(lambda connection: insert(connection, "core_interactions", later))
        try:
            assert asked() == before and len(before) > 20
        finally:
            shop.sql("DELETE FROM core_interactions WHERE event_id LIKE '%-later'")

    def test_earlier_words_are_those_of_earlier_days(self, shop):
        """A day that is filled in later neither reads the profiles of a later day nor changes what they read."""
        with ChatServer(writes_users) as server:
            users_written(shop, LAST, store=True, profiles=ALWAYS, generator=settings_of(server))
            first, counts = users_written(shop, EARLIER, profiles=ALWAYS, generator=settings_of(server))
        assert counts["user_short.v1 answered"] + counts.get("user_short.v1 kept", 0) >= first.height
        assert "words stand" not in counts and "user_update.v1 answered" not in counts


class TestTheCostOfANight:
    @pytest.fixture
    def changed(self, shop):
        """5 % of the users do as much again as they did before, and 1 % of the items are described anew."""
        day = LAST
        users = interactions_until(shop.warehouse, day)["user_id"].unique().sort()
        busy = users.sample(round(0.05 * len(users)), seed=1).to_list()
        kept = shop.warehouse.read("SELECT * FROM core_interactions WHERE event_day <= ?", [day])
        later = kept.filter(pl.col("user_id").is_in(busy)).with_columns(
            event_day=pl.lit(day + dt.timedelta(days=1)),
            event_id=pl.col("event_id") + "-later",
            event_at=pl.col("event_at")
            .dt.time()
            .map_elements(
                lambda time: dt.datetime.combine(day + dt.timedelta(days=1), time), return_dtype=pl.Datetime("us")
            ),
        )
        versions = shop.warehouse.read("SELECT * FROM core_item_versions")
        item = versions.filter(pl.col("valid_from") <= day)["item_id"].sort()[0]

        def plant(connection):
            insert(connection, "core_interactions", later)
            connection.execute(
                "UPDATE core_item_versions SET description = 'Something else altogether' WHERE item_id = ?", [item]
            )

        def back(connection):
            connection.execute("DELETE FROM core_interactions WHERE event_id LIKE '%-later'")
            connection.execute("DELETE FROM core_item_versions")
            insert(connection, "core_item_versions", versions)

        yield lambda: shop.warehouse.write(plant)
        shop.warehouse.write(back)

    def test_of_a_hundredth_of_the_items_and_a_twentieth_of_the_users_is_at_most_6_per_cent(self, shop, changed):
        with ChatServer(writes) as server:
            generator = settings_of(server)
            items, _ = written(shop, LAST, store=True, generator=generator)
            users, _ = users_written(shop, LAST, store=True, generator=generator)
            full = len(server.calls)
            assert full == items.height + users.height
            changed()
            night = LAST + dt.timedelta(days=1)
            _, item_counts = written(shop, night, generator=generator)
            _, user_counts = users_written(shop, night, generator=generator)
            cost = len(server.calls) - full
        assert item_counts["calls"] == 1 and user_counts["calls"] == round(0.05 * users.height)
        assert 0 < cost <= 0.06 * full
        assert ledger(shop)["attempts"].sum() == full + cost

    def test_a_little_that_is_new_costs_nothing_and_adds_up(self, shop):
        with ChatServer(writes_users) as server:
            generator = settings_of(server)
            first, _ = users_written(shop, EARLIER, store=True, generator=generator, profiles=ALWAYS)
            n = len(server.calls)
            much = {"user_questions": {"min_new_share": 1e6, "min_new_events": 10_000}}
            now, counts = users_written(shop, generator=generator, profiles=much)
            known = set(first["user_id"])
            assert counts["words stand"] == len(known) and len(server.calls) - n == now.height - len(known)
            stood = by_user(now)
            old = by_user(first)
            came = active(shop, EARLIER, LAST) & known
            assert all(stood[user]["summary"] == old[user]["summary"] for user in known)
            assert any(stood[user]["n_events"] > old[user]["n_events"] for user in came), "facts are today's"
            few = {"user_questions": {"min_new_share": 1e6, "min_new_events": 3}}
            _, counts = users_written(shop, generator=generator, profiles=few)
        assert 0 < counts["user_update.v1 answered"] < len(came)


class TestWhoIsLeftOut:
    def test_by_the_budget_keeps_earlier_words_also_another_models(self, shop):
        for model in ("writer", "another"):
            with ChatServer(writes_users) as server:
                first, _ = users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=settings_of(server))
                broke = ALWAYS | {"budget": {"calls": 0}}
                shop.sql("DROP TABLE generator_calls")
                now, counts = users_written(shop, profiles=broke, generator=settings_of(server, model=model))
            old, rows = by_user(first), by_user(now)
            kept = {user for user in rows if user in old}
            assert all(rows[user]["summary"] == old[user]["summary"] for user in kept)
            assert all(rows[user]["backend"] == "extractive" for user in set(rows) - kept)
            assert counts["older profile"] + counts.get("words stand", 0) == len(kept)
            assert not audit_profiles(now, now["user_id"]).invalid


def test_references_are_digests():
    assert user_reference("u") != user_reference("v") and len(user_reference("u")) == 12
