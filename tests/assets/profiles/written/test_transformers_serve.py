"""The asset against a server that Sluice did not write, with a model that knows nothing: killed, and run again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from profile_writing import LAST, configured, ledger
from tiny_llama import CHAT, save_llama
from transformers_server import TransformersServer

from assets.generator_calls import FINAL, KEPT_TOGETHER, TABLE
from models.profiles.audit import audit_profiles

CONCURRENCY = 2
SCRIPT = """
import sys
from pathlib import Path
from pipelines.dagster_home import instance_of
from pipelines.definitions import build_definitions
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days
from resources.settings import load_project
import datetime as dt

project = load_project(Path(sys.argv[1]))
day = dt.date.fromisoformat(sys.argv[2])
outcome = run_days(
    build_definitions(project), instance_of(project.dagster_home), project.settings, LEARNING_JOB, day, print,
    ["item_profiles"],
)
assert outcome.success, outcome.failures
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    model = save_llama(folder / "llama", CHAT, positions=8192)
    with TransformersServer(model, folder) as running:
        yield running


def start(shop, tmp_path: Path) -> subprocess.Popen:
    """The asset, in a process of its own."""
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    root = str(Path(__file__).parents[4])
    return subprocess.Popen(
        [sys.executable, script, shop.folder / "sluice.yaml", str(LAST)], env=os.environ | {"PYTHONPATH": root}
    )


def kept(shop) -> int:
    """Answers in the ledger."""
    return ledger(shop).height if shop.warehouse.has_table(TABLE) else 0


@pytest.mark.slow
def test_killed_half_way_and_run_again_no_finished_call_is_repeated(shop, server, tmp_path):
    generator = {
        "backend": "openai",
        "model": str(server.model),
        "base_url": server.address,
        "concurrency": CONCURRENCY,
        "max_tokens": 16,
        "deadline_seconds": 120,
    }
    configured(shop, generator=generator)
    n_items = len(shop.warehouse.read("SELECT item_id FROM item_profiles WHERE as_of_day = ?", [LAST]))
    shop.sql(f"DELETE FROM item_profiles WHERE as_of_day = '{LAST}'")

    run = start(shop, tmp_path)
    try:
        until = time.monotonic() + 500
        while time.monotonic() < until and run.poll() is None and kept(shop) < n_items:
            time.sleep(0.1)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    time.sleep(2)
    before, answered_before = ledger(shop), server.n_answered
    assert n_items <= before.height < 2 * n_items, "killed before the end"

    assert start(shop, tmp_path).wait() == 0
    after = ledger(shop)
    stayed = after.join(before.select("key"), on="key", how="semi")
    assert stayed.sort("key").equals(before.sort("key")), "what was there stays"
    assert after["key"].is_unique().all() and set(after["outcome"]) <= set(FINAL)
    new = after.join(before, on="key", how="anti")
    assert new.height == after.height - before.height
    asked_again = server.n_answered - answered_before
    assert asked_again == new["attempts"].sum(), "the server was asked what the ledger lacked, and nothing else"
    lost = answered_before - before["attempts"].sum()
    assert 0 <= lost <= 2 * (KEPT_TOGETHER + CONCURRENCY), "under way or not yet stored when it was killed"

    frame = shop.warehouse.read("SELECT * FROM item_profiles WHERE as_of_day = ?", [LAST])
    assert frame.height == n_items and not audit_profiles(frame, frame["item_id"]).invalid
    rejected = after.filter(pl.col("outcome") != "answered").height
    assert rejected == after.height and set(frame["backend"]) == {"extractive"}, "a model that knows nothing"
    assert after.height == 2 * n_items, "each item was asked about with both prompts"
