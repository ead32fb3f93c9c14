"""`sluice profiles plan` on a built shop: what it prints, and that it asks nothing."""

import pytest
from chat_server import ChatServer
from item_writer import settings_of, writes


@pytest.fixture
def server():
    with ChatServer(writes) as server:
        yield server


KINDS = ("item", "user")


def words(text: str) -> str:
    return " ".join(text.split())


class TestThePlan:
    def test_says_calls_tokens_money_and_hours_and_asks_nothing(self, copied, invoke, server):
        prices = {"price_per_million_tokens_in": 1, "price_per_million_tokens_out": 4}
        copied.configure(
            profiles={"backend": "generator", "budget": {"calls": 30, "money": 2.5}},
            generator=settings_of(server, **prices),
        )
        result = invoke("profiles", "plan", "-c", copied.folder / "sluice.yaml")
        said = words(result.stdout)
        assert result.exit_code == 0 and not server.calls
        assert said.startswith("item profiles as of 2025-09-20 by writer: ")
        n = int(said.split("by writer: ")[1].split()[0])
        assert f"item_short.v1 0 {n} {n}" in said and f"calls {n} (the budget has 30 left" in said
        assert "assumed, no earlier calls" in said and "money 0." in said and "(the budget has 2.5 left" in said
        assert "hours " in said and not copied.warehouse.has_table("generator_calls")

    def test_an_earlier_day_and_no_prices(self, copied, invoke, server):
        copied.configure(profiles={"backend": "generator"}, generator=settings_of(server))
        result = invoke("profiles", "plan", "-c", copied.folder / "sluice.yaml", "--as-of", "2025-09-17")
        assert "as of 2025-09-17" in result.stdout and "money unknown" in words(result.stdout)

    def test_users_too_where_the_model_writes_them(self, copied, invoke, server):
        both = {"backend": "generator", "user_backend": "generator", "budget": {"calls": 500}}
        copied.configure(profiles=both, generator=settings_of(server))
        said = words(invoke("profiles", "plan", "-c", copied.folder / "sluice.yaml").stdout)
        items, users = (
            int(said.split(f"{kind} profiles as of 2025-09-20 by writer: ")[1].split()[0]) for kind in KINDS
        )
        assert f"user_short.v1 0 {users} {users}" in said and "0 words that stand" in said
        assert f"calls {items + users} (the budget has 500 left" in said and not server.calls
        copied.configure(profiles={**both, "backend": "extractive"})
        said = words(invoke("profiles", "plan", "-c", copied.folder / "sluice.yaml").stdout)
        assert said.startswith("user profiles") and f"calls {users} " in said

    def test_by_rules_there_is_nothing_to_plan(self, copied, refused):
        assert "profiles.backend: generator" in refused("profiles", "plan", "-c", copied.folder / "sluice.yaml")

    def test_a_day_without_tables(self, copied, refused, server):
        copied.configure(profiles={"backend": "generator"}, generator=settings_of(server))
        said = refused("profiles", "plan", "-c", copied.folder / "sluice.yaml", "--as-of", "2025-10-01")
        assert "the tables reach to 2025-09-20" in said
