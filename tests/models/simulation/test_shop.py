import datetime as dt
import json
import os

import numpy as np
import pytest

from models.simulation.config import DirtConfig
from models.simulation.files import is_simulated
from models.simulation.shop import simulate


def test_same_seed_same_bytes(small, contents, tmp_path):
    for name in ("a", "b"):
        simulate(small(), tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("shorter", [1, 4])
def test_a_longer_shop_starts_with_the_files_of_a_shorter_one(shorter, small, contents, tmp_path):
    dirt = DirtConfig(late_rate=0.1, too_late_rate=0.02)
    simulate(small(days=shorter, dirt=dirt), tmp_path / "short")
    simulate(small(days=6, dirt=dirt), tmp_path / "long")
    short, long = (contents(tmp_path / name, "events", "truth", "catalogue.jsonl") for name in ("short", "long"))
    assert {name: long[name] for name in short} == short
    assert len(long) == len(short) + 2 * (6 - shorter)


def test_one_more_day_touches_no_other_file(small, tmp_path):
    simulate(small(days=4), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*") if path.name != "simulation.json"}
    summary = simulate(small(days=5), tmp_path)
    assert summary.written == ["events/2025-09-05.jsonl", "truth/clicks-2025-09-05.npz"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_day_is_put_right_and_only_that_one(small, tmp_path):
    simulate(small(days=3), tmp_path)
    day = tmp_path / "events" / "2025-09-02.jsonl"
    right = day.read_bytes()
    day.write_bytes(right[:-2] + b" \n")
    assert simulate(small(days=3), tmp_path).written == ["events/2025-09-02.jsonl"]
    assert day.read_bytes() == right


def test_days_of_an_earlier_shop_go_and_foreign_files_stay(small, tmp_path):
    simulate(small(days=4), tmp_path)
    (tmp_path / "events" / "notes.txt").write_text("mine")
    simulate(small(days=2), tmp_path)
    assert sorted(os.listdir(tmp_path / "events")) == ["2025-09-01.jsonl", "2025-09-02.jsonl", "notes.txt"]
    assert len(list((tmp_path / "truth").glob("clicks-*"))) == 2


def test_a_finished_shop_is_known_again(small, tmp_path):
    assert not is_simulated(small(), tmp_path)
    simulate(small(), tmp_path)
    assert is_simulated(small(), tmp_path)
    assert not is_simulated(small(seed=9), tmp_path)
    (tmp_path / "events" / "2025-09-03.jsonl").unlink()
    assert not is_simulated(small(), tmp_path)


def test_a_shop_that_was_interrupted_is_not_taken_for_a_finished_one(small, tmp_path):
    simulate(small(days=2), tmp_path)

    def interrupt(what, done, total):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(small(days=2, seed=9), tmp_path, interrupt)
    assert not is_simulated(small(days=2), tmp_path)
    assert not is_simulated(small(days=2, seed=9), tmp_path)


def test_truth_lies_apart_and_needs_no_pickle(clean_shop):
    assert {path.suffix for path in (clean_shop / "events").iterdir()} == {".jsonl"}
    assert sorted(path.name for path in clean_shop.iterdir()) == [
        "catalogue.jsonl",
        "events",
        "simulation.json",
        "truth",
    ]
    for path in (clean_shop / "truth").iterdir():
        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype != object for name in stored)


def test_the_summary_and_the_progress_add_up(small, tmp_path):
    calls = []
    summary = simulate(small(days=3), tmp_path, lambda *call: calls.append(call))
    assert calls == [("simulate", done, 3) for done in range(4)]
    n_lines = sum(path.read_bytes().count(b"\n") for path in (tmp_path / "events").iterdir())
    assert (summary.n_lines, summary.n_days, summary.n_items) == (n_lines, 3, 160)
    truth = [np.load(path)["user"] for path in (tmp_path / "truth").glob("clicks-*")]
    assert summary.n_clicks == sum(map(len, truth))
    assert summary.n_users >= len(np.unique(np.concatenate(truth)))


def test_clean_logs_hold_the_truth_and_nothing_else(clean_shop, clean_events):
    """The clicks a pipeline reads are the true ones, user by user in order."""
    world = np.load(clean_shop / "truth" / "world.npz")
    truth = []
    for path in sorted((clean_shop / "truth").glob("clicks-*")):
        day = np.load(path)
        truth += zip(world["user_ids"][day["user"]], world["item_ids"][day["item"]], strict=True)
    logged = [(event["user_id"], event["item_id"]) for event in clean_events if event["type"] == "click"]
    assert sorted(truth) == sorted(logged)
    assert all(event["ts"][:10] == event["file"] for event in clean_events)
    assert len({event["event_id"] for event in clean_events}) == len(clean_events)


def test_a_shop_nobody_visits_has_empty_files(small, tmp_path):
    summary = simulate(small(users=1, days=2, sessions_per_user_day=1e-9), tmp_path)
    assert summary.n_lines == 0
    assert [path.read_bytes() for path in (tmp_path / "events").iterdir()] == [b"", b""]


def test_items_are_seen_only_while_on_sale(clean_shop, clean_events):
    lines = [json.loads(line) for line in (clean_shop / "catalogue.jsonl").read_text().splitlines()]
    items = {item["item_id"]: item for item in lines}
    used = [event for event in clean_events if event["item_id"]]
    assert all(items[event["item_id"]]["available_from"] <= event["ts"] for event in used)
    assert all(event["ts"] < (items[event["item_id"]]["withdrawn_at"] or "9999") for event in used)
    assert any(items[event["item_id"]]["available_from"] > "2025-09-01" for event in used)
    assert any(items[event["item_id"]]["withdrawn_at"] for event in used)


def test_new_users_join_on_the_way(clean_events):
    first: dict[str, str] = {}
    for event in clean_events:
        first.setdefault(event["user_id"], event["file"])
    assert len(set(first.values())) == 6
    assert dt.date.fromisoformat(max(first.values())) == dt.date(2025, 9, 6)
