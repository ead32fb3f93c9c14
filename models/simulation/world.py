"""The hidden truth: latent tastes, appeal, fashions and the graph of what people want next."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from models.simulation.catalogue import Catalogue
from models.simulation.config import SimulationConfig
from models.simulation.graph import successor_graph
from models.simulation.streams import Stream, generator
from models.simulation.vocabulary import SHELVES, STYLES, USER_AGENTS

HEAD_RANKS = 5
BOOST_HALF_LIFE_DAYS = 5.0


@dataclass(frozen=True)
class World:
    """Everything that never changes, and what follows from it on a given day. Days count from the first day, 0.

    Attributes:
        item_ids: `[n_items]` strings.
        item_factors: `[n_items, taste_dimensions]` float32, unit length.
        appeal: `[n_items]` float32 logits, mean 0.
        trend_period: `[n_items]` days between an item's fashionable spells, float32.
        trend_phase: `[n_items]` radians, float32.
        trend_height: `[n_items]` logits at the peak, float32.
        boost: Scalar array, logits of a launch.
        launch_day: `[n_items]` int32.
        withdraw_day: `[n_items]` int32.
        successors: `[n_items, successors]` int32.
        successor_weights: `[successors]` float32, sum 1.
        user_ids: `[n_users]` strings.
        taste_from: `[n_users, taste_dimensions]` float32, unit length: taste on day 0.
        taste_to: Same shape, orthogonal to `taste_from`: where it turns.
        taste_turn: `[n_users]` radians per day, float32.
        believed_error: Same shape as `taste_from`: what the logging policy gets wrong.
        activity: `[n_users]` mean sessions per day, float32.
        join_day: `[n_users]` int32.
        agent: `[n_users]` index into `USER_AGENTS`, int8.
    """

    item_ids: np.ndarray
    item_factors: np.ndarray
    appeal: np.ndarray
    trend_period: np.ndarray
    trend_phase: np.ndarray
    trend_height: np.ndarray
    boost: np.ndarray
    launch_day: np.ndarray
    withdraw_day: np.ndarray
    successors: np.ndarray
    successor_weights: np.ndarray
    user_ids: np.ndarray
    taste_from: np.ndarray
    taste_to: np.ndarray
    taste_turn: np.ndarray
    believed_error: np.ndarray
    activity: np.ndarray
    join_day: np.ndarray
    agent: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Every attribute by name, for `np.savez`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def appeal_on(self, day: int) -> np.ndarray:
        """Appeal, fashion and novelty of every item, `[n_items]` float32 logits."""
        wave = np.sin(2 * np.pi * day / self.trend_period + self.trend_phase)
        trend = self.trend_height * np.maximum(wave, 0) ** 6
        age = np.maximum(day - self.launch_day, 0)
        novelty = self.boost * 0.5 ** (age / BOOST_HALF_LIFE_DAYS)
        return (self.appeal + trend + novelty).astype(np.float32)

    def tastes_on(self, day: int, users: np.ndarray) -> np.ndarray:
        """Unit taste vectors of some users, `[n, taste_dimensions]` float32."""
        angle = (self.taste_turn[users] * day)[:, None]
        return (np.cos(angle) * self.taste_from[users] + np.sin(angle) * self.taste_to[users]).astype(np.float32)

    def available_on(self, day: int) -> np.ndarray:
        """Which items are on sale, `[n_items]` bool."""
        return (self.launch_day <= day) & (day < self.withdraw_day)


def make_world(config: SimulationConfig, catalogue: Catalogue) -> World:
    """Draw the truth behind a catalogue; `days` does not matter."""
    rng = generator(config.seed, Stream.GRAPH)
    shelf_vectors = _unit(rng.normal(size=(len(SHELVES), config.taste_dimensions)))
    style_vectors = _unit(rng.normal(size=(len(STYLES), config.taste_dimensions)))
    noise = _unit(rng.normal(size=(config.items, config.taste_dimensions)))
    mixed = shelf_vectors[catalogue.shelf] + 0.7 * style_vectors[catalogue.style] + 0.35 * noise
    factors = _unit(mixed).astype(np.float32)
    appeal = -config.popularity_exponent * np.log(rng.permutation(config.items) + HEAD_RANKS)
    appeal = (appeal - appeal.mean()).astype(np.float32)
    weights = 1.0 / np.arange(1, config.successors + 1)
    return World(
        item_ids=catalogue.item_ids,
        item_factors=factors,
        appeal=appeal,
        trend_period=rng.uniform(25, 90, config.items).astype(np.float32),
        trend_phase=rng.uniform(0, 2 * np.pi, config.items).astype(np.float32),
        trend_height=(config.trend_strength * rng.uniform(0, 1, config.items)).astype(np.float32),
        boost=np.array(config.new_item_boost, dtype=np.float32),
        launch_day=catalogue.launch_day,
        withdraw_day=catalogue.withdraw_day,
        successors=successor_graph(catalogue.shelf, factors, appeal, config.successors, rng),
        successor_weights=(weights / weights.sum()).astype(np.float32),
        **_people(config, shelf_vectors, style_vectors),
    )


def _people(config: SimulationConfig, shelves: np.ndarray, styles: np.ndarray) -> dict[str, np.ndarray]:
    n, rng = config.users, generator(config.seed, Stream.USERS)
    start = _wishes(rng, n, shelves, styles)
    goal = _wishes(rng, n, shelves, styles)
    goal = _unit(goal - (goal * start).sum(axis=1, keepdims=True) * start)
    join_day = np.zeros(n, dtype=np.int32)
    later = rng.permutation(n)[: round(n * config.new_user_share)]
    join_day[later] = rng.integers(1, config.launch_days + 1, len(later))
    spread = config.activity_spread
    activity = config.sessions_per_user_day * np.exp(rng.normal(0, 1, n) * spread - spread**2 / 2)
    error = rng.normal(size=start.shape) * (config.policy_noise / np.sqrt(config.taste_dimensions))
    return {
        "user_ids": np.array([f"u{number:0{max(5, len(str(n)))}d}" for number in range(1, n + 1)]),
        "taste_from": start.astype(np.float32),
        "taste_to": goal.astype(np.float32),
        "taste_turn": (config.taste_drift * rng.uniform(0, 2, n)).astype(np.float32),
        "believed_error": error.astype(np.float32),
        "activity": activity.astype(np.float32),
        "join_day": join_day,
        "agent": rng.integers(0, len(USER_AGENTS), n).astype(np.int8),
    }


def _wishes(rng: np.random.Generator, n: int, shelves: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Tastes made of two liked shelves, one liked style and something personal, `[n, taste_dimensions]`."""
    liked = shelves[rng.integers(0, len(shelves), (n, 2))]
    style = styles[rng.integers(0, len(styles), n)]
    personal = _unit(rng.normal(size=style.shape))
    return _unit(liked[:, 0] + 0.6 * liked[:, 1] + 0.8 * style + 0.4 * personal)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
