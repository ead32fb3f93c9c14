"""One day in the shop: who comes when, what they are shown, what they click and what they buy."""

from __future__ import annotations

import numpy as np

from models.simulation.config import SimulationConfig
from models.simulation.event_log import DayLog, EventType
from models.simulation.memory import CONTEXT, Memory, graph_pull, has_seen
from models.simulation.policy import draw_from_rows, draw_lists, examination
from models.simulation.streams import Stream, generator
from models.simulation.world import World

CELLS = 4_000_000
LAST_START_SECONDS = 84_600
HOUR_WEIGHTS = np.array([2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 9, 10, 9, 8, 8, 8, 9, 11, 14, 15, 13, 8, 4])
WEEKEND_FACTOR = 1.2
APPEAL_PULL = 0.5
TRIES = 4
MAX_ORGANIC_CLICKS = 8


class Day:
    """Simulates one day; what happened is in `log`, what is remembered in `memory`.

    Args:
        world: The truth.
        config: Shape of the shop.
        memory: Carried from day to day, changed in place.
        day: Days since the first day.
    """

    def __init__(self, world: World, config: SimulationConfig, memory: Memory, day: int):
        self.world, self.config, self.memory, self.day = world, config, memory, day
        self.rng = generator(config.seed, Stream.EVENTS, day)
        self.available = world.available_on(day)
        self.appeal = np.where(self.available, world.appeal_on(day), -np.inf).astype(np.float32)
        noise = config.policy_noise * self.rng.normal(size=len(self.appeal)).astype(np.float32)
        self.believed_appeal = self.appeal + noise
        self.examined = examination(config.list_length, config.position_bias)
        self.log = DayLog(day)

    def run(self) -> DayLog:
        """Let every visitor of the day come and go."""
        users, starts = self._visits()
        nth = np.arange(len(users)) - np.searchsorted(users, users)
        rows = max(1, CELLS // len(self.appeal))
        for visit in range(int(nth.max(initial=-1)) + 1):
            chosen = np.flatnonzero(nth == visit)
            for first in range(0, len(chosen), rows):
                block = chosen[first : first + rows]
                self._sessions(users[block], starts[block])
        return self.log

    def _visits(self) -> tuple[np.ndarray, np.ndarray]:
        """User and starting second of every session, ordered by both."""
        config, rng = self.config, generator(self.config.seed, Stream.SESSIONS, self.day)
        weekday = (config.start.weekday() + self.day) % 7
        rate = self.world.activity * (WEEKEND_FACTOR if weekday >= 5 else 1.0)
        visits = rng.poisson(rate * (self.world.join_day <= self.day))
        users = np.repeat(np.arange(len(visits)), visits)
        hours = rng.choice(24, size=len(users), p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
        starts = np.minimum(hours * 3600 + rng.uniform(0, 3600, len(users)), LAST_START_SECONDS)
        order = np.lexsort((starts, users))
        return users[order], starts[order]

    def _sessions(self, users: np.ndarray, starts: np.ndarray) -> None:
        """One session each of some distinct users."""
        session = self.log.new_sessions(len(users))
        clock = starts.copy()
        tastes = self.world.tastes_on(self.day, users)
        strength = np.float32(self.config.taste_strength)
        match = strength * (tastes @ self.world.item_factors.T)
        believed = match + strength * (self.world.believed_error[users] @ self.world.item_factors.T)
        clock = self._list(users, session, clock, match, self.believed_appeal + believed)
        self._organic(users, session, clock, match)

    def _list(
        self, users: np.ndarray, session: np.ndarray, clock: np.ndarray, match: np.ndarray, believed: np.ndarray
    ) -> np.ndarray:
        """Show each user a list and let them click; returns when they are done with it, `[n]` seconds."""
        config, length = self.config, self.config.list_length
        items, propensity = draw_lists(believed, length, config.policy_temperature, self.rng)
        positions = np.broadcast_to(np.arange(1, length + 1), items.shape)
        wide = [np.repeat(column, length) for column in (users, session, clock)]
        shown = (items.ravel(), positions.ravel(), propensity.ravel())
        self.log.add(EventType.IMPRESSION, wide[0], wide[1], wide[2], shown[0], shown=shown[1:])
        wanted = self.attraction(users, items, np.take_along_axis(match, items, axis=1))
        clicked = self.rng.random(items.shape) < self.examined * wanted
        for position in range(length):
            rows = np.flatnonzero(clicked[:, position])
            clock[rows] += self.rng.uniform(4, 40, len(rows))
            at = (positions[rows, position], propensity[rows, position])
            self._click(users[rows], session[rows], clock[rows], items[rows, position], at)
        return clock

    def attraction(self, users: np.ndarray, items: np.ndarray, match: np.ndarray) -> np.ndarray:
        """Chance of a click on items that are looked at, `[n, m]`.

        `sigmoid(bias + APPEAL_PULL * appeal + match + boost * graph pull)`, dimmed for items clicked before.
        """
        config = self.config
        recent = self.memory.recent[users]
        pull = graph_pull(self.world, recent[:, :CONTEXT], items, config.memory_decay)
        logit = config.attraction_bias + APPEAL_PULL * self.appeal[items] + match + config.successor_boost * pull
        dimmed = np.where(has_seen(recent, items), config.repeat_factor, 1.0)
        return dimmed / (1 + np.exp(-logit))

    def _organic(self, users: np.ndarray, session: np.ndarray, clock: np.ndarray, match: np.ndarray) -> None:
        """Clicks that come from navigation and search rather than from the list."""
        config, rng = self.config, self.rng
        n_clicks = np.minimum(rng.poisson(config.organic_clicks, len(users)), MAX_ORGANIC_CLICKS)
        tempting = np.exp(np.minimum(self.appeal + match, 60)).astype(np.float64)
        cumulative = np.cumsum(tempting, axis=1, out=tempting)
        for step in range(int(n_clicks.max(initial=0))):
            rows = np.flatnonzero(n_clicks > step)
            items = self._wish(users[rows], rows, cumulative)
            clock[rows] += rng.uniform(8, 90, len(rows))
            searching = rng.random(len(rows)) < config.search_rate
            looked = rows[searching]
            self.log.add(EventType.SEARCH, users[looked], session[looked], clock[looked] - 5, items[searching])
            self._click(users[rows], session[rows], clock[rows], items)

    def _wish(self, users: np.ndarray, rows: np.ndarray, cumulative: np.ndarray) -> np.ndarray:
        """The item each user goes for: a successor of a recent click, or something to their taste.

        A wish for an item already clicked is given up with chance `1 - repeat_factor`, and another one is made, up to
        `TRIES` times.
        """
        recent = self.memory.recent[users]
        from_graph = (self.rng.random(len(users)) < self.config.successor_share) & (recent[:, 0] >= 0)
        items = np.empty(len(users), dtype=np.int32)
        todo = np.arange(len(users))
        for _ in range(TRIES):
            followed = self._follow(recent[todo, :CONTEXT])
            by_taste = ~from_graph[todo] | ~self.available[followed]
            tasty = draw_from_rows(cumulative, rows[todo], self.rng)
            items[todo] = np.where(by_taste, tasty, followed)
            seen = has_seen(recent[todo], items[todo, None])[:, 0]
            todo = todo[seen & (self.rng.random(len(todo)) >= self.config.repeat_factor)]
        return items

    def _follow(self, context: np.ndarray) -> np.ndarray:
        """A successor of one of the recent clicks, `[n]`; any item where there are none."""
        pull = self.config.memory_decay ** np.arange(CONTEXT) * (context >= 0)
        cumulative = np.cumsum(pull, axis=1)
        which = (cumulative <= (self.rng.random(len(context)) * cumulative[:, -1])[:, None]).sum(axis=1)
        origin = context[np.arange(len(context)), np.minimum(which, CONTEXT - 1)]
        weights = np.cumsum(self.world.successor_weights)
        step = np.searchsorted(weights[:-1], self.rng.random(len(context)), side="right")
        return self.world.successors[origin, step]

    def _click(
        self,
        users: np.ndarray,
        session: np.ndarray,
        clock: np.ndarray,
        items: np.ndarray,
        shown: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        """Clicks of distinct users, and what goes into the cart and is bought after them."""
        self.log.add(EventType.CLICK, users, session, clock, items, shown=shown)
        self.memory.push(users, items)
        carted = np.flatnonzero(self.rng.random(len(users)) < self.config.cart_rate)
        quantity = 1 + self.rng.geometric(0.85, len(carted)) // 2
        self.log.add(
            EventType.CART, users[carted], session[carted], clock[carted] + 2, items[carted], quantity=quantity
        )
        paid = self.rng.random(len(carted)) < self.config.purchase_rate
        bought = carted[paid]
        self.log.add(
            EventType.PURCHASE,
            users[bought],
            session[bought],
            clock[bought] + 240,
            items[bought],
            quantity=quantity[paid],
        )
