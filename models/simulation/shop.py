"""Simulate a shop into a folder: daily event files, the catalogue, and the truth apart."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.simulation.catalogue import Catalogue, catalogue_lines, make_catalogue
from models.simulation.config import SimulationConfig
from models.simulation.delivery import Delivery
from models.simulation.dirt import add_strangers, garble, wrong_times
from models.simulation.event_log import DayLog, event_frame
from models.simulation.files import ShopFolder
from models.simulation.memory import Memory
from models.simulation.sessions import Day
from models.simulation.streams import Stream, generator
from models.simulation.world import World, make_world

Progress = Callable[[str, int, int], None]

WORLD_FILE = "truth/world.npz"


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation came to.

    Attributes:
        n_days: Daily files.
        n_lines: Lines in them, dirt and all.
        n_clicks: True clicks, before any dirt.
        n_users: Users with at least one session.
        n_items: Items in the catalogue.
        dirt: Lines spoilt, by kind; a day's delayed lines count on the day they belong to.
        written: Files written, relative to the folder.
        kept: Files that already held the same bytes and were left alone.
    """

    n_days: int
    n_lines: int
    n_clicks: int
    n_users: int
    n_items: int
    dirt: dict[str, int]
    written: list[str]
    kept: list[str]


def simulate(
    config: SimulationConfig, folder: Path, progress: Progress = lambda what, done, total: None
) -> SimulationSummary:
    """Simulate a shop.

    Writes `events/YYYY-MM-DD.jsonl` (one per day of delivery), `catalogue.jsonl`, `truth/` (for the oracle only) and,
    last, `simulation.json`. The catalogue is a plan for the whole season and does not depend on `days`; the first n
    days of a longer shop are byte for byte those of a shorter one. Files whose content would not change are not
    touched; files of an earlier simulation here that this one does not have are removed.

    Args:
        config: The shop.
        folder: Created where it is missing.
        progress: Called as `progress("simulate", days_done, days)`.
    """
    catalogue = make_catalogue(config)
    world = make_world(config, catalogue)
    place = ShopFolder(folder, config)
    place.write("catalogue.jsonl", catalogue_lines(catalogue, config.start))
    place.write_arrays(WORLD_FILE, world.arrays() | _settings(config))
    memory, delivery = Memory(config.users), Delivery(config.dirt)
    dirt: Counter[str] = Counter()
    visitors = np.zeros(config.users, dtype=bool)
    n_lines = n_clicks = 0
    progress("simulate", 0, config.days)
    for day in range(config.days):
        log = Day(world, config, memory, day).run()
        users, items = log.clicks()
        lines = _delivered(log, world, catalogue, config, delivery, dirt)
        date = config.start + dt.timedelta(days=day)
        place.write(f"events/{date}.jsonl", b"".join(line + b"\n" for line in lines))
        place.write_arrays(f"truth/clicks-{date}.npz", {"user": users, "item": items})
        visitors[log.columns()["user"]] = True
        n_lines, n_clicks = n_lines + len(lines), n_clicks + len(users)
        progress("simulate", day + 1, config.days)
    place.finish()
    return SimulationSummary(
        config.days, n_lines, n_clicks, int(visitors.sum()), config.items, dict(dirt), place.written, place.kept
    )


def _delivered(
    log: DayLog,
    world: World,
    catalogue: Catalogue,
    config: SimulationConfig,
    delivery: Delivery,
    dirt: Counter[str],
) -> list[bytes]:
    """The lines of a day's file; what was spoilt is added to `dirt`."""
    date = config.start + dt.timedelta(days=log.day)
    rng = generator(config.seed, Stream.DIRT, log.day)
    frame, strangers = add_strangers(event_frame(log, world, catalogue, date), config.dirt, world.item_ids, date, rng)
    frame, clocks = wrong_times(frame, config.dirt, date, rng)
    lines = frame.write_ndjson().encode().splitlines()
    garbled = garble(lines, config.dirt, rng)
    lines, delays = delivery.deliver(log.day, lines, generator(config.seed, Stream.DELIVERY, log.day))
    for counts in (strangers, clocks, garbled, delays):
        dirt.update(counts)
    return lines


def _settings(config: SimulationConfig) -> dict[str, np.ndarray]:
    """The config as JSON in an array: what the oracle needs, without what only shapes the log."""
    return {"config": np.array(config.model_dump_json(exclude={"days", "dirt"}))}
