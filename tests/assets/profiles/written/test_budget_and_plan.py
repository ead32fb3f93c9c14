"""What a run will cost, and what it may."""

import polars as pl
import pytest
from chat_server import ChatServer
from item_writer import settings_of, writes
from profile_writing import EARLIER, LAST, PRICES, by_item, configured, ledger, troubled, unusable, written

from assets.generator_calls import TABLE
from assets.profiles.item_plan import plan_items
from models.profiles import allowance
from models.profiles.audit import audit_profiles
from resources.text_generators.factory import make_generator


class TestTheBudget:
    def test_of_zero_makes_no_call(self, shop):
        for budget in ({"calls": 0}, {"money": 0.0}):
            with ChatServer(writes) as server:
                frame, counts = written(shop, profiles={"budget": budget}, generator=settings_of(server, **PRICES))
            assert not server.calls and set(frame["backend"]) == {"extractive"}
            assert counts["extractive left out"] == counts["item_short.v1 over budget"] == frame.height

    def test_of_calls_is_overrun_by_none_and_more_of_it_goes_on(self, shop):
        with ChatServer(writes) as server:
            generator = settings_of(server, concurrency=8)
            first, counts = written(shop, profiles={"budget": {"calls": 20}}, generator=generator)
            assert len(server.calls) == ledger(shop)["attempts"].sum() == 20
            assert (first["backend"] == "openai").sum() == 20 and counts["calls"] == 20
            written(shop, profiles={"budget": {"calls": 20}}, generator=generator)
            assert len(server.calls) == 20, "the budget is that of the day, not of a run"
            more, _ = written(shop, profiles={"budget": {"calls": 1000}}, generator=generator)
            assert len(server.calls) == more.height and set(more["backend"]) == {"openai"}

    def test_of_calls_counts_repeated_ones(self, shop):
        with ChatServer(troubled) as server:
            written(shop, profiles={"budget": {"calls": 30}}, generator=settings_of(server, max_attempts=3))
        assert len(server.calls) == ledger(shop)["attempts"].sum() and 30 <= len(server.calls) <= 31

    def test_of_money_is_overrun_by_one_call_at_most(self, shop):
        with ChatServer(troubled) as server:
            generator = settings_of(server, concurrency=8, max_tokens=400, **PRICES)
            _, counts = written(shop, profiles={"budget": {"money": 0.02}}, generator=generator)
        calls = ledger(shop)
        dearest = calls["cost"].max()
        assert 0.02 - dearest < calls["cost"].sum() <= 0.02 + dearest
        assert counts["item_short.v1 over budget"] > 0

    def test_without_reserving_for_calls_under_way_it_would_be_overrun(self, shop, monkeypatch):
        monkeypatch.setattr(allowance.Allowance, "n_allowed", lambda self, worst: 0 if self.exhausted else len(worst))
        with ChatServer(writes) as server:
            written(shop, profiles={"budget": {"calls": 20}}, generator=settings_of(server))
        assert len(server.calls) > 21

    def test_items_left_out_keep_their_older_words(self, shop):
        with ChatServer(writes) as server:
            earlier, _ = written(shop, EARLIER, store=True, generator=settings_of(server))
            shop.sql(f"DROP TABLE {TABLE}")
            frame, counts = written(shop, profiles={"budget": {"calls": 0}}, generator=settings_of(server))
        old = by_item(earlier)
        kept = [row for row in frame.iter_rows(named=True) if row["item_id"] in old]
        assert counts["older profile"] == len(kept) > 0
        assert all(row["backend"] == "openai" and row["summary"] == old[row["item_id"]]["summary"] for row in kept)
        assert not audit_profiles(frame, frame["item_id"]).invalid


class TestThePlan:
    def plan(self, shop, **sections):
        settings = configured(shop, **sections)
        return plan_items(shop.warehouse, make_generator(settings.generator), settings, LAST)

    def test_asks_nothing_and_agrees_with_the_ledger(self, shop):
        """First from nothing (calls and tokens read), then from half of the answers (all of it)."""
        with ChatServer(troubled) as server:
            generator = settings_of(server, **PRICES)
            plan = self.plan(shop, generator=generator)
            assert not server.calls and (plan.read_how, plan.written_how) == ("assumed", "assumed")
            written(shop, profiles={"budget": {"calls": 50}}, generator=generator)
            before = ledger(shop)
            second = self.plan(shop, generator=generator)
            _, counts = written(shop, generator=generator)
        rows = ledger(shop)
        assert plan.shares[0].questions == rows.height
        assert plan.shares[0].tokens_in == pytest.approx(rows["tokens_in"].sum(), rel=0.35), "repetitions are unknown"
        made = rows.join(before, on="key", how="anti")
        calls, read, written_tokens = (
            sum(getattr(share, name) for share in second.shares) for name in ("calls", "tokens_in", "tokens_out")
        )
        assert second.shares[0].kept == before.height and second.read_how == "measured"
        assert calls == pytest.approx(made["attempts"].sum(), rel=0.1)
        assert read == pytest.approx(made["tokens_in"].sum(), rel=0.1)
        assert written_tokens == pytest.approx(made["tokens_out"].sum(), rel=0.1)
        assert second.money == pytest.approx(made["cost"].sum(), rel=0.1)
        assert self.plan(shop, generator=generator).shares[0].questions == 0

    def test_from_nothing_on_a_server_without_troubles(self, shop):
        with ChatServer(writes) as server:
            plan = self.plan(shop, generator=settings_of(server))
            written(shop, generator=settings_of(server))
        rows = ledger(shop)
        assert sum(share.calls for share in plan.shares) == rows["attempts"].sum() == len(server.calls)
        assert sum(share.tokens_in for share in plan.shares) == pytest.approx(rows["tokens_in"].sum(), rel=0.1)
        assert plan.money is None

    def test_rich_questions_that_follow_from_kept_answers_are_counted(self, shop):
        with ChatServer(unusable) as server:
            written(shop, generator=settings_of(server))
            rich = "DELETE FROM generator_calls WHERE prompt_version LIKE 'item_rich%'"
            n = ledger(shop).filter(pl.col("prompt_version").str.starts_with("item_rich")).height
            shop.sql(rich)
            plan = self.plan(shop, generator=settings_of(server))
        assert plan.shares[1].questions == n > 0 and plan.shares[0].questions == 0

    def test_more_at_once_take_fewer_hours(self, shop):
        with ChatServer(writes) as server:
            one, ten = (self.plan(shop, generator=settings_of(server, concurrency=n)).hours for n in (1, 10))
        assert one == pytest.approx(10 * ten)
