"""How lines reach the daily files: late, twice and out of order."""

from __future__ import annotations

import numpy as np

from models.simulation.config import DirtConfig

LATE_DAYS = 2
TOO_LATE_DAYS = (4, 9)
DUPLICATE_DISTANCE = 200


class Delivery:
    """Carries undelivered lines from day to day.

    A line of day D comes in the file of D, or late in that of D + 1 or D + 2; a very few come four to nine days later,
    which a reader that waits `LATE_DAYS` must refuse. No line of a later day ever reaches an earlier file.

    Args:
        dirt: Rates.
    """

    def __init__(self, dirt: DirtConfig):
        self.dirt = dirt
        self._waiting: dict[int, list[bytes]] = {}

    def deliver(self, day: int, lines: list[bytes], rng: np.random.Generator) -> tuple[list[bytes], dict[str, int]]:
        """The lines of the day's file.

        Args:
            day: Days since the first day; call once for each day, in order.
            lines: Lines of this day in time order.
            rng: Source of chance.

        Returns:
            The file's lines in order, and how many of the day's own lines were delayed, doubled or moved, by kind.
        """
        delay = self._delays(len(lines), rng)
        for row in np.flatnonzero(delay):
            self._waiting.setdefault(day + int(delay[row]), []).append(lines[row])
        here = [lines[row] for row in np.flatnonzero(delay == 0)]
        place = np.arange(len(here), dtype=np.float64)
        moved = rng.random(len(here)) < self.dirt.out_of_order_rate
        place[moved] = rng.uniform(0, len(here), int(moved.sum()))
        twice = np.flatnonzero(rng.random(len(here)) < self.dirt.duplicate_rate)
        twice_place = place[twice] + rng.uniform(0, DUPLICATE_DISTANCE, len(twice))
        late = self._waiting.pop(day, [])
        late_place = rng.uniform(0, len(here) + 1, len(late))
        everything = here + [here[row] for row in twice] + late
        order = np.argsort(np.concatenate([place, twice_place, late_place]), kind="stable")
        counts = {
            "late": int(((delay > 0) & (delay <= LATE_DAYS)).sum()),
            "too_late": int((delay > LATE_DAYS).sum()),
            "duplicate": len(twice),
            "out_of_order": int(moved.sum()),
        }
        return [everything[row] for row in order], counts

    def _delays(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Days each line waits, `[n]` int64, 0 for nearly all."""
        draw = rng.random(n)
        late = np.where(rng.random(n) < 0.8, 1, LATE_DAYS)
        too_late = rng.integers(TOO_LATE_DAYS[0], TOO_LATE_DAYS[1] + 1, n)
        delay = np.where(draw < self.dirt.late_rate, late, 0)
        return np.where(
            (draw >= self.dirt.late_rate) & (draw < self.dirt.late_rate + self.dirt.too_late_rate), too_late, delay
        )
