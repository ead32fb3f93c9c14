"""What profiles by a language model take, against what was planned: parts `plan` and `nightly` of profiles.py.

A server of the tests on this machine answers: valid profiles with token counts, but for 2 % of the items a 503 first,
for 2 % prose first, for 2 % another item's answer until it is asked with the richer prompt.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import yaml
from measuring import ROOT

FIRST, LAST, NEXT = dt.date(2010, 12, 1), dt.date(2010, 12, 14), dt.date(2010, 12, 15)
SOME = 25
CHANGED_ITEMS, CHANGED_USERS, AT_MOST = 0.01, 0.05, 0.06
ITEMS, EVERYBODY = ["item_profiles"], ["item_profiles", "user_profiles"]
PRICES = {"price_per_million_tokens_in": 0.15, "price_per_million_tokens_out": 0.6}


def plan_and_run() -> None:
    """The plan from nothing, a few answers, the plan from these, the run; each plan against the ledger."""
    with shop() as project:
        plans = [planned(project)]
        run(project, LAST, {"calls": SOME})
        before = ledger(project)
        plans.append(planned(project))
        run(project, LAST, {"calls": None})
        made = ledger(project)
        compare("from nothing", plans[0], made)
        compare(f"after {before.height} answers", plans[1], made.join(before, on="key", how="anti"))
        compare("after all", planned(project), made.head(0))


def nights() -> None:
    """A full run of items and users, then a night on which 1 % of the items and 5 % of the users changed."""
    with shop(user_backend="generator") as project:
        run(project, LAST, {"calls": None}, EVERYBODY)
        full = ledger(project)
        n_items, n_users = change_titles(project), go_on(project)
        run(project, NEXT, {"calls": None}, EVERYBODY)
        made = ledger(project).join(full, on="key", how="anti")
    share = made["attempts"].sum() / full["attempts"].sum()
    print(f"a full run: {full['attempts'].sum():,} calls about {dict(full['kind'].value_counts().rows())}")
    print(f"the next night, {n_items} items with another title and {n_users} users with as much again:")
    kinds = dict(made["kind"].value_counts().rows())
    print(f"{made['attempts'].sum()} calls about {kinds}, {share:.1%} ({AT_MOST:.0%} allowed)")


@contextmanager
def shop(**profiles: str) -> Iterator:
    """Two weeks of Online Retail, its tables, and the server; `profiles` adds to the section of that name."""
    from pipelines.build import backfill_days
    from resources.settings import load_project

    sys.path.insert(0, str(ROOT / "tests" / "servers"))
    from chat_server import ChatServer

    config = yaml.safe_load((ROOT / "configs" / "online_retail.yaml").read_text())
    with tempfile.TemporaryDirectory() as folder, ChatServer(answer) as server:
        config |= {"output": folder, "partitions": {"start": FIRST, "end": NEXT}}
        config["events"]["path"] = str(ROOT.parent / "shared" / "data" / "online_retail")
        config["split"] = {"validation_days": 3, "test_days": 3}
        config["generator"] = {"backend": "openai", "model": "writer", "base_url": server.address, **PRICES}
        config["profiles"] = {"backend": "generator", **profiles}
        file = Path(folder) / "sluice.yaml"
        file.write_text(yaml.safe_dump(config))
        project = load_project(file)
        backfill_days(project, FIRST, LAST)
        print(f"Online Retail, {FIRST} to {LAST}", flush=True)
        yield project


def answer(body: dict, nth: int):
    """What the server says."""
    from chat_server import Reply
    from item_writer import data_of, described, is_rich, reply
    from user_writer import is_about_a_user, writes_users

    data = data_of(body)
    if is_about_a_user(data):
        return writes_users(body, nth)
    place = zlib.crc32(data["item"].encode()) % 50
    if place == 0 and nth == 1 and len(body["messages"]) == 2:
        return Reply(503, {"error": {"message": "overloaded"}}, {"Retry-After": "0"})
    if place == 1 and len(body["messages"]) == 2:
        return reply("A fine thing for the house.", body)
    if place == 2 and not is_rich(body):
        return reply(described(data, item="0123456789ab"), body)
    return reply(described(data), body)


def planned(project):
    """The plan that `sluice profiles plan` prints."""
    from assets.profiles.item_plan import plan_items
    from pipelines.profile_plan import plan
    from pipelines.storage import warehouse_of
    from resources.text_generators.factory import make_generator

    plan(project, LAST)
    return plan_items(warehouse_of(project), make_generator(project.settings.generator), project.settings, LAST)


def run(project, day: dt.date, budget: dict, assets: list[str] = ITEMS) -> None:
    """The assets, within a budget of calls."""
    from pipelines.dagster_home import instance_of
    from pipelines.definitions import build_definitions
    from pipelines.jobs import LEARNING_JOB
    from pipelines.runs import run_days
    from resources.settings import load_project

    config = yaml.safe_load(project.path.read_text())
    config["profiles"]["budget"] = budget
    project.path.write_text(yaml.safe_dump(config))
    own = load_project(project.path)
    instance = instance_of(own.dagster_home)
    done = run_days(build_definitions(own), instance, own.settings, LEARNING_JOB, day, lambda *_: None, assets)
    assert done.success, done.failures


def ledger(project) -> pl.DataFrame:
    from assets.generator_calls import TABLE
    from pipelines.storage import warehouse_of

    return warehouse_of(project).read(f"SELECT * EXCLUDE (value) FROM {TABLE}")


def change_titles(project) -> int:
    """Give every hundredth item another title, from `NEXT` on."""
    from pipelines.storage import warehouse_of

    warehouse = warehouse_of(project)
    ids = warehouse.read("SELECT item_id FROM core_item_versions WHERE is_current ORDER BY hash(item_id)")["item_id"]
    some = ids.head(math.ceil(CHANGED_ITEMS * len(ids))).to_list()
    sql = "UPDATE core_item_versions SET title = concat(title, ' WITH GOLD RIM') WHERE item_id IN (SELECT unnest(?))"
    warehouse.write(lambda lake: lake.execute(sql, [some]))
    return len(some)


def go_on(project) -> int:
    """On `NEXT` every twentieth user does again all they did before."""
    from pipelines.storage import warehouse_of

    warehouse = warehouse_of(project)
    users = warehouse.read("SELECT DISTINCT user_id FROM core_interactions ORDER BY hash(user_id)")["user_id"]
    some = users.head(math.ceil(CHANGED_USERS * len(users))).to_list()
    sql = """INSERT INTO core_interactions BY NAME
        SELECT * REPLACE ($day AS event_day, $day::TIMESTAMP AS event_at, concat(event_id, '-again') AS event_id)
        FROM core_interactions WHERE user_id IN (SELECT unnest($users))
        QUALIFY row_number() OVER (PARTITION BY user_id, item_id ORDER BY event_id) = 1"""
    warehouse.write(lambda lake: lake.execute(sql, {"day": NEXT, "users": some}))
    return len(some)


def compare(name: str, plan, rows: pl.DataFrame) -> None:
    """The figures of a plan beside those of the ledger."""
    parts = []
    for what, column in (("calls", "attempts"), ("tokens_in", "tokens_in"), ("tokens_out", "tokens_out")):
        said, made = sum(getattr(share, what) for share in plan.shares), rows[column].sum()
        off = f" ({said / made - 1:+.1%})" if made else ""
        parts.append(f"{what} {said:,.0f} planned, {made:,} made{off}")
    money = rows["cost"].sum()
    parts.append(f"money {plan.money:.4f}, {money:.4f}" + (f" ({plan.money / money - 1:+.1%})" if money else ""))
    print(f"{name}: {'; '.join(parts)}", flush=True)
