"""The dirt of real logs: strangers among the visitors, wrong clocks, and lines cut or garbled on their way."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from models.simulation.config import DirtConfig
from models.simulation.vocabulary import CRAWLER_AGENTS, USER_AGENTS

TEST_ACCOUNTS = 5
SCRAPER_EVENTS = 1200
SCRAPER_SHARE = 0.75
DAY_SECONDS = 86_400
TEXT_COLUMNS = ("event_id", "user_id", "item_id", "type", "session_id", "user_agent")
IMPOSSIBLE_TIMES = (
    "1970-01-01T00:00:00.000Z",
    "0001-01-01T00:00:00.000Z",
    "not-a-date",
    "2025-02-30T12:00:00.000Z",
    "2025-13-01T00:00:00.000Z",
    "",
)


def add_strangers(
    frame: pl.DataFrame, dirt: DirtConfig, item_ids: np.ndarray, date: dt.date, rng: np.random.Generator
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Add test accounts, crawlers and, on some days, a scraper of `SCRAPER_EVENTS` events.

    Test accounts repeat lines of real visitors under new ids. Crawlers say what they are. A scraper does not: only
    its pace gives it away.

    Args:
        frame: A day's clean lines.
        dirt: Rates.
        item_ids: What bots walk through.
        date: The day.
        rng: Source of chance.

    Returns:
        The day's lines in time order, and how many were added by kind.
    """
    n_tests = int(rng.binomial(frame.height, dirt.test_account_rate))
    n_crawls = int(rng.binomial(frame.height, dirt.bot_rate * (1 - SCRAPER_SHARE)))
    n_scrapers = int(rng.poisson(frame.height * dirt.bot_rate * SCRAPER_SHARE / SCRAPER_EVENTS))
    parts = [frame, _test_lines(frame, n_tests, date, rng)]
    parts += [_bot_lines(f"b{date:%m%d}", CRAWLER_AGENTS[date.day % 2], n_crawls, item_ids, date, rng)]
    for number in range(n_scrapers):
        user, agent = f"u9{date:%Y%m%d}{number:02d}", USER_AGENTS[number % len(USER_AGENTS)]
        parts += [_bot_lines(user, agent, SCRAPER_EVENTS, item_ids, date, rng)]
    counts = {"test_account": n_tests, "bot": n_crawls + n_scrapers * SCRAPER_EVENTS}
    return pl.concat([part for part in parts if part.height] or [frame]).sort("ts", maintain_order=True), counts


def _test_lines(frame: pl.DataFrame, n: int, date: dt.date, rng: np.random.Generator) -> pl.DataFrame:
    lines = frame[rng.integers(0, max(frame.height, 1), n)]
    names = pl.Series([f"test_{number:03d}" for number in rng.integers(1, TEST_ACCOUNTS + 1, n)], dtype=pl.String)
    ids = pl.Series([f"t{date:%Y%m%d}-{number:07d}" for number in range(1, n + 1)], dtype=pl.String)
    return lines.with_columns(
        ids.alias("event_id"),
        names.alias("user_id"),
        pl.concat_str(names, pl.lit("-"), "session_id").alias("session_id"),
    )


def _bot_lines(
    user: str, agent: str, n: int, item_ids: np.ndarray, date: dt.date, rng: np.random.Generator
) -> pl.DataFrame:
    """Clicks on one item after the other at an even pace through the whole day."""
    step = DAY_SECONDS * 1000 // max(n, 1)
    at = np.datetime64(date, "ms") + (np.arange(n) * step).astype("timedelta64[ms]")
    walk = item_ids[(int(rng.integers(len(item_ids))) + np.arange(n)) % len(item_ids)]
    return pl.DataFrame(
        {
            "event_id": [f"{user}-{date:%Y%m%d}-{number:07d}" for number in range(1, n + 1)],
            "user_id": [user] * n,
            "item_id": walk,
            "type": ["click"] * n,
            "ts": pl.Series(at, dtype=pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
            "session_id": [f"{user}-{date:%Y%m%d}"] * n,
            "impression_id": pl.Series([None] * n, dtype=pl.String),
            "position": pl.Series([None] * n, dtype=pl.Int32),
            "propensity": pl.Series([None] * n, dtype=pl.Float64),
            "price": pl.Series([None] * n, dtype=pl.Float64),
            "quantity": pl.Series([None] * n, dtype=pl.Int32),
            "query": pl.Series([None] * n, dtype=pl.String),
            "user_agent": [agent] * n,
        },
        schema_overrides=dict.fromkeys(
            ("event_id", "user_id", "item_id", "type", "session_id", "user_agent"), pl.String
        ),
    )


def wrong_times(
    frame: pl.DataFrame, dirt: DirtConfig, date: dt.date, rng: np.random.Generator
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Give some lines a time in the future or an impossible one; order and everything else stay.

    Returns:
        The lines, and how many were changed by kind.
    """
    draw = rng.random(frame.height)
    future = np.flatnonzero(draw < dirt.future_rate)
    impossible = np.flatnonzero((draw >= dirt.future_rate) & (draw < dirt.future_rate + dirt.impossible_rate))
    ahead = rng.integers(3, 401, len(future))
    texts = [f"{date + dt.timedelta(days=int(days))}T{rng.integers(24):02d}:15:00.000Z" for days in ahead]
    texts += [IMPOSSIBLE_TIMES[choice] for choice in rng.integers(0, len(IMPOSSIBLE_TIMES), len(impossible))]
    if texts:
        rows = pl.Series(np.concatenate([future, impossible]), dtype=pl.UInt32)
        frame = frame.with_columns(frame["ts"].scatter(rows, texts))
    return frame, {"future": len(future), "impossible": len(impossible)}


def garble(lines: list[bytes], dirt: DirtConfig, rng: np.random.Generator) -> dict[str, int]:
    """Break some lines and put bytes into others that are not UTF-8, in place.

    Args:
        lines: JSON objects without line ends.
        dirt: Rates.
        rng: Source of chance.

    Returns:
        How many lines were changed by kind.
    """
    draw = rng.random(len(lines))
    broken = np.flatnonzero(draw < dirt.broken_rate)
    encoding = np.flatnonzero((draw >= dirt.broken_rate) & (draw < dirt.broken_rate + dirt.encoding_rate))
    for row in broken:
        lines[row] = _break(lines[row], int(rng.integers(4)), rng)
    for row in encoding:
        at = lines[row].rindex(b'"user_agent":"') + len(b'"user_agent":"')
        stray = (b"caf\xe9 ", b"\xff\xfe", b"M\xfcnchen ")[int(rng.integers(3))]
        lines[row] = lines[row][:at] + stray + lines[row][at:]
    return {"broken": len(broken), "encoding": len(encoding)}


def _break(line: bytes, how: int, rng: np.random.Generator) -> bytes:
    if how == 0:
        return b"<html><body>502 Bad Gateway</body></html>"
    if how == 1:
        return line[1:]
    if how == 2:
        return line.replace(b'":', b"'=", 1)
    return line[: int(rng.integers(1, len(line)))]
