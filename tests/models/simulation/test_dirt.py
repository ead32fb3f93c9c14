import datetime as dt
import json
import re

import numpy as np
import polars as pl
import pytest

from models.simulation.config import DirtConfig
from models.simulation.delivery import Delivery
from models.simulation.dirt import IMPOSSIBLE_TIMES, SCRAPER_EVENTS, add_strangers, garble, wrong_times

DAY = dt.date(2025, 9, 1)
N = 40_000
ITEMS = np.array([f"i{number}" for number in range(30)])
CLEAN = DirtConfig.clean()


def only(**rates) -> DirtConfig:
    return DirtConfig(**(CLEAN.model_dump() | rates))


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_id": [f"e{number}" for number in range(N)],
            "user_id": "u1",
            "item_id": "i1",
            "type": "click",
            "ts": [f"2025-09-01T{number % 86400 // 3600:02d}:00:00.000Z" for number in range(0, 2 * N, 2)],
            "session_id": "s1",
            "impression_id": "m1",
            "position": 1,
            "propensity": 0.5,
            "price": 1.0,
            "quantity": 1,
            "query": "tent",
            "user_agent": "Mozilla",
        },
        schema_overrides={"position": pl.Int32, "quantity": pl.Int32},
    )


def lines_of(frame: pl.DataFrame) -> list[bytes]:
    return frame.write_ndjson().encode().splitlines()


def close(count: int, rate: float) -> bool:
    return abs(count - rate * N) < 5 * np.sqrt(rate * N)


def test_nothing_is_spoilt_at_rate_zero(frame):
    rng = np.random.default_rng(0)
    same, strangers = add_strangers(frame, CLEAN, ITEMS, DAY, rng)
    same, clocks = wrong_times(same, CLEAN, DAY, rng)
    lines = lines_of(same)
    garbled = garble(lines, CLEAN, rng)
    delivered, delays = Delivery(CLEAN).deliver(0, lines, rng)
    assert delivered == lines_of(frame.sort("ts", maintain_order=True))
    assert set((strangers | clocks | garbled | delays).values()) == {0}


def test_test_accounts_come_at_their_rate(frame):
    dirty, counts = add_strangers(frame, only(test_account_rate=0.02), ITEMS, DAY, np.random.default_rng(1))
    tests = dirty.filter(pl.col("user_id").str.starts_with("test_"))
    assert tests.height == counts["test_account"] == dirty.height - N
    assert close(tests.height, 0.02)
    assert dirty["event_id"].n_unique() == dirty.height


def test_crawlers_say_so_and_scrapers_do_not(frame):
    dirty, counts = add_strangers(frame, only(bot_rate=0.2), ITEMS, DAY, np.random.default_rng(2))
    bots = dirty.filter(pl.col("user_id") != "u1")
    assert bots.height == counts["bot"]
    assert 0.1 * N < bots.height < 0.3 * N
    per_user = bots.group_by("user_id").agg(pl.len(), pl.col("user_agent").first(), pl.col("ts"))
    honest = per_user.filter(pl.col("user_agent").str.contains("(?i)bot|crawler"))
    hidden = per_user.filter(~pl.col("user_agent").str.contains("(?i)bot|crawler"))
    assert honest.height == 1
    assert hidden.height >= 2
    assert set(hidden["len"]) == {SCRAPER_EVENTS}
    pace = hidden["ts"][0].str.to_datetime().sort().diff().drop_nulls()
    assert pace.n_unique() == 1


def test_wrong_times_come_at_their_rates(frame):
    dirty, counts = wrong_times(frame, only(future_rate=0.02, impossible_rate=0.03), DAY, np.random.default_rng(3))
    impossible = dirty.filter(pl.col("ts").is_in(IMPOSSIBLE_TIMES))
    future = dirty.filter(pl.col("ts").str.contains("^20[0-9-]{8}T") & ~pl.col("ts").str.starts_with("2025-09-01"))
    future = future.filter(~pl.col("ts").is_in(IMPOSSIBLE_TIMES))
    assert (future.height, impossible.height) == (counts["future"], counts["impossible"])
    assert close(future.height, 0.02)
    assert close(impossible.height, 0.03)
    assert future["ts"].min()[:10] >= "2025-09-04"
    assert impossible["ts"].n_unique() == len(IMPOSSIBLE_TIMES)
    assert dirty.drop("ts").equals(frame.drop("ts"))


def test_broken_lines_do_not_parse(frame):
    lines = lines_of(frame)
    counts = garble(lines, only(broken_rate=0.02), np.random.default_rng(4))
    assert close(counts["broken"], 0.02)
    assert sum(not parses(line) for line in lines) == counts["broken"]


def test_wrong_encodings_do_not_decode_and_are_json_otherwise(frame):
    lines = lines_of(frame)
    counts = garble(lines, only(encoding_rate=0.02), np.random.default_rng(5))
    bad = [line for line in lines if line.decode(errors="replace").encode() != line]
    assert len(bad) == counts["encoding"]
    assert close(len(bad), 0.02)
    assert all(json.loads(line.decode("latin-1")) for line in bad)


def parses(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def day_lines(day: int, n: int) -> list[bytes]:
    return [f"{day}:{number}".encode() for number in range(n)]


def arrivals(dirt: DirtConfig, n_days: int, n: int) -> list[list[tuple[int, int]]]:
    """(day, number) of the lines of each file."""
    delivery = Delivery(dirt)
    files = [delivery.deliver(day, day_lines(day, n), np.random.default_rng(day))[0] for day in range(n_days)]
    return [[tuple(map(int, line.split(b":"))) for line in file] for file in files]


def test_late_lines_come_one_or_two_days_later_and_once():
    files = arrivals(only(late_rate=0.05), 8, 2000)
    delays = [file_day - day for file_day, file in enumerate(files) for day, _ in file]
    assert set(delays) == {0, 1, 2}
    assert delays.count(1) > delays.count(2) > 0
    every = [line for file in files for line in file]
    assert len(set(every)) == len(every)
    assert {line for line in every if line[0] < 6} == {(day, number) for day in range(6) for number in range(2000)}


def test_too_late_lines_come_after_more_than_two_days():
    delays = [at - day for at, file in enumerate(arrivals(only(too_late_rate=0.05), 14, 500)) for day, _ in file]
    assert min(delay for delay in delays if delay) == 4
    assert max(delays) == 9


def test_duplicates_are_exact_and_follow_their_original():
    lines = day_lines(0, N)
    delivered, counts = Delivery(only(duplicate_rate=0.02)).deliver(0, lines, np.random.default_rng(6))
    assert len(delivered) == N + counts["duplicate"]
    assert close(counts["duplicate"], 0.02)
    assert set(delivered) == set(lines)


def test_out_of_order_lines_move_and_the_rest_keep_their_order():
    delivered, counts = Delivery(only(out_of_order_rate=0.02)).deliver(0, day_lines(0, N), np.random.default_rng(7))
    numbers = np.array([int(re.sub(rb"^0:", b"", line)) for line in delivered])
    assert sorted(numbers) == list(range(N))
    descents = (np.diff(numbers) < 0).sum()
    assert close(counts["out_of_order"], 0.02)
    assert 0.3 * counts["out_of_order"] < descents <= 2 * counts["out_of_order"]
