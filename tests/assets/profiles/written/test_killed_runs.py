"""Runs that are killed half-way: what was answered is never asked again."""

import time
from collections import Counter

import pytest
from chat_server import ChatServer
from item_writer import data_of, settings_of, writes
from profile_writing import configured, killed_run, ledger, users_written, written
from user_writer import writes_users


@pytest.mark.parametrize(
    ("run", "answers", "subject"), [(written, writes, "item"), (users_written, writes_users, "user")]
)
def test_repeats_no_finished_call(shop, tmp_path, run, answers, subject):
    """SIGKILL while answers come in; the next run asks about everything but what the ledger has."""

    def slow(body, nth):
        time.sleep(0.1)
        return answers(body, nth)

    with ChatServer(slow) as server:
        configured(shop, generator=settings_of(server, concurrency=2))
        killed_run(shop, tmp_path, run.__name__)
        kept = set(ledger(shop)["key"])
        n_before = len(server.calls)
        server.script = answers
        frame, counts = run(shop, generator=settings_of(server, concurrency=2))
        asked = Counter(data_of(call.body)[subject] for call in server.calls[n_before:])
    assert 16 <= len(kept) < frame.height
    assert counts[f"{subject}_short.v1 kept"] == len(kept) and counts["calls"] == frame.height - len(kept)
    assert sum(asked.values()) == frame.height - len(kept) and set(asked.values()) == {1}
    assert ledger(shop)["key"].is_unique().all() and set(frame["backend"]) == {"openai"}
