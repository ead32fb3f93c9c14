"""One budget for items and users, and a plan that knows who would be asked how."""

import pytest
from chat_server import ChatServer
from item_writer import settings_of
from profile_writing import EARLIER, LAST, PRICES, configured, ledger, users_written, written
from user_writer import troubled, unusable, writes, writes_users

from assets import point_in_time
from assets.profiles import questions
from assets.profiles.user_plan import plan_users
from resources.text_generators.factory import make_generator

ALWAYS = {"user_questions": {"min_new_share": 0.0}}


class TestOneBudget:
    def test_items_and_users_together_stop_at_the_limit(self, shop):
        with ChatServer(writes) as server:
            generator = settings_of(server, concurrency=8)
            items, _ = written(shop, generator=generator)
            limit = {"budget": {"calls": items.height + 20}}
            users, counts = users_written(shop, profiles=limit, generator=generator)
            assert len(server.calls) == ledger(shop)["attempts"].sum() == items.height + 20
            assert (users["backend"] == "openai").sum() == counts["calls"] == 20
            assert counts["user_short.v1 over budget"] == counts["extractive left out"] == users.height - 20
            more, counts = users_written(shop, generator=generator)
        assert set(more["backend"]) == {"openai"} and counts["user_short.v1 kept"] == 20

    def test_without_counting_the_items_it_would_be_overrun(self, shop, monkeypatch):
        only_users = questions.SPENT_SQL.replace(f"'{questions.ITEMS}', ", "")
        monkeypatch.setattr(questions, "SPENT_SQL", only_users)
        with ChatServer(writes) as server:
            items, _ = written(shop, generator=settings_of(server))
            users_written(shop, profiles={"budget": {"calls": items.height}}, generator=settings_of(server))
        assert len(server.calls) > items.height

    def test_of_money_is_overrun_by_one_call_at_most(self, shop):
        with ChatServer(troubled) as server:
            generator = settings_of(server, concurrency=8, max_tokens=400, **PRICES)
            _, counts = users_written(shop, profiles={"budget": {"money": 0.05}}, generator=generator)
        calls = ledger(shop)
        dearest = calls["cost"].max()
        assert 0.05 - dearest < calls["cost"].sum() <= 0.05 + dearest
        assert counts["user_short.v1 over budget"] > 0

    def test_of_zero_makes_no_call(self, shop):
        with ChatServer(writes_users) as server:
            frame, _ = users_written(shop, profiles={"budget": {"calls": 0}}, generator=settings_of(server))
        assert not server.calls and set(frame["backend"]) == {"extractive"}


class TestThePlan:
    def plan(self, shop, **sections):
        settings = configured(shop, **sections)
        return plan_users(shop.warehouse, make_generator(settings.generator), settings, LAST)

    def test_asks_nothing_and_agrees_with_the_ledger(self, shop):
        with ChatServer(writes_users) as server:
            generator = settings_of(server)
            plan = self.plan(shop, generator=generator)
            assert not server.calls
            users_written(shop, generator=generator)
            assert self.plan(shop, generator=generator).shares[0].questions == 0
        rows = ledger(shop)
        assert sum(share.calls for share in plan.shares) == rows["attempts"].sum() == plan.told["users"]
        assert sum(share.tokens_in for share in plan.shares) == pytest.approx(rows["tokens_in"].sum(), rel=0.1)

    def test_reads_some_users_at_a_time_and_finds_the_same(self, shop, monkeypatch):
        read, sizes = point_in_time.interactions_until, []

        def interactions_until(*words):
            rows = read(*words)
            sizes.append(len(rows))
            return rows

        monkeypatch.setattr(point_in_time, "interactions_until", interactions_until)
        with ChatServer(writes_users) as server:
            whole, parts = (
                self.plan(shop, generator=settings_of(server), profiles={"portion_interactions": size})
                for size in (10**6, 200)
            )
        assert parts == whole
        assert len(sizes) > 2 and max(sizes[1:]) < sizes[0] == sum(sizes[1:])

    def test_of_a_night_counts_updates_and_words_that_stand(self, shop):
        with ChatServer(writes_users) as server:
            generator = settings_of(server)
            users_written(shop, EARLIER, store=True, profiles=ALWAYS, generator=generator)
            plan = self.plan(shop, profiles=ALWAYS, generator=generator)
            n = len(server.calls)
            _, counts = users_written(shop, profiles=ALWAYS, generator=generator)
        shares = {share.step: share for share in plan.shares}
        assert shares["user_update.v1"].questions == counts["user_update.v1 answered"] > 0
        assert plan.told["words that stand"] == counts["words stand"] > 0
        assert sum(share.calls for share in plan.shares) == len(server.calls) - n
        assert shares["user_rich.v1"].questions == 0

    def test_escalations_are_expected_as_often_as_they_were(self, shop):
        with ChatServer(unusable) as server:
            users_written(shop, profiles={"budget": {"calls": 60}}, generator=settings_of(server))
            plan = self.plan(shop, generator=settings_of(server))
            before = ledger(shop).height
            users_written(shop, generator=settings_of(server))
        made = ledger(shop).height - before
        assert plan.shares[1].questions > 0
        assert sum(share.questions for share in plan.shares) == pytest.approx(made, rel=0.35)
