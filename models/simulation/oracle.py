"""The best reachable ranking: each user's true chance to want each item in the days after a given one."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from pathlib import Path

import numpy as np
import orjson
from scipy.sparse import csr_matrix

from models.errors import UserError
from models.simulation.config import SimulationConfig
from models.simulation.memory import CONTEXT, Memory, context_weights
from models.simulation.policy import examination, policy_weights
from models.simulation.sessions import APPEAL_PULL
from models.simulation.world import World

CELLS = 1_000_000
HORIZON_DAYS = 7
MAX_SESSIONS = 4


def oracle_scores(truth_folder: Path, day: dt.date, user_ids: list[str], item_ids: list[str]) -> np.ndarray:
    """Expected clicks of each user on each item in the week after a day, given all that is true at its end.

    The state is exact: taste, appeal, fashion, launch, the graph and every click so far. From there the expectation
    of the sessions to come is followed session by session, with each click's effect on the next one taken at its
    mean: `clicks = listed + organic`, where `listed` is the chance to be in the policy's list, looked at and found
    attractive, and `organic` mixes the successors of recent clicks with the user's taste.

    Args:
        truth_folder: The `truth` folder that `simulate` wrote.
        day: Last day that may be known.
        user_ids: Users, in the order of the rows.
        item_ids: Items, in the order of the columns.

    Returns:
        `[len(user_ids), len(item_ids)]` float32, at least 0. Users unknown to the truth (bots, test accounts) have
        rows of NaN, so that they cannot be mistaken for users who want nothing; unknown items and items that are not
        on sale at the end of the day score 0.

    Raises:
        UserError: There is no truth for this day in the folder.
    """
    world, config, memory = _load(truth_folder, day)
    rows = _positions(world.user_ids, user_ids)
    columns = _positions(world.item_ids, item_ids)
    scores = np.full((len(user_ids), len(item_ids)), np.nan, dtype=np.float32)
    known = np.flatnonzero(rows >= 0)
    future = _Future(world, config, memory, (day - config.start).days)
    block = max(1, CELLS // len(world.item_ids))
    for start in range(0, len(known), block):
        chosen = known[start : start + block]
        expected = future.expected_clicks(rows[chosen])
        scores[chosen] = np.where(columns >= 0, expected[:, np.maximum(columns, 0)], 0.0)
    return scores


class _Future:
    """Follows the mean of what comes after a day; all matrices are `[n, n_items]`, one row per user of a block."""

    def __init__(self, world: World, config: SimulationConfig, memory: Memory, day: int):
        self.world, self.config, self.memory = world, config, memory
        n_items, n_next = world.successors.shape
        weights = np.tile(world.successor_weights, n_items).astype(np.float64)
        indices = (weights, world.successors.ravel(), np.arange(0, n_items * n_next + 1, n_next))
        self.graph = csr_matrix(indices, shape=(n_items, n_items))
        self.midweek = day + (HORIZON_DAYS + 1) // 2
        self.available = world.available_on(day)
        self.appeal = np.where(self.available, world.appeal_on(self.midweek), -np.inf).astype(np.float32)
        self.looked_at = float(examination(config.list_length, config.position_bias).mean())

    def expected_clicks(self, users: np.ndarray) -> np.ndarray:
        """`[n, n_items]` expected clicks of some users over the next `HORIZON_DAYS`, given that they come at all."""
        recent = self.memory.recent[users]
        tastes = self.world.tastes_on(self.midweek, users)
        match = np.float32(self.config.taste_strength) * (tastes @ self.world.item_factors.T)
        appetite = self._appetite(recent)
        listed = self._shown(users, match) * self.looked_at * appetite
        tasty = _shares(np.exp(np.minimum(self.appeal + match, 60)).astype(np.float64))
        context = self._context(recent)
        total = np.zeros_like(tasty)
        for chance in _session_chances(self.world.activity[users].astype(np.float64) * HORIZON_DAYS):
            clicks, context = self._session(context, match, listed, tasty, appetite)
            total += chance[:, None] * clicks
        return total

    def _session(
        self, context: np.ndarray, match: np.ndarray, listed: np.ndarray, tasty: np.ndarray, appetite: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Expected clicks of one session, and the pull of recent clicks after it."""
        config, decay = self.config, self.config.memory_decay
        pull = (context @ self.graph) / self.world.successor_weights[0] / (1 - decay)
        logit = config.attraction_bias + APPEAL_PULL * self.appeal + match + config.successor_boost * pull
        clicks = listed / (1 + np.exp(-logit))
        context = _advance(context, clicks, decay)
        by_taste = _shares(tasty * appetite)
        whole, rest = divmod(config.organic_clicks, 1.0)
        for part in [1.0] * int(whole) + [rest] * (rest > 0):
            reach = (context @ self.graph) * self.available
            has_past = context.sum(axis=1, keepdims=True)
            reach += np.maximum(has_past - reach.sum(axis=1, keepdims=True), 0) * tasty
            by_graph = config.successor_share * (has_past > 0)
            organic = part * (by_graph * _shares(reach * appetite) + (1 - by_graph) * by_taste)
            clicks = clicks + organic
            context = _advance(context, organic, decay)
        return clicks, context

    def _shown(self, users: np.ndarray, match: np.ndarray) -> np.ndarray:
        """Chance that the policy's list holds each item, `[n, n_items]`: `1 - exp(-length * p)`."""
        error = self.world.believed_error[users] @ self.world.item_factors.T
        logits = self.appeal + match + np.float32(self.config.taste_strength) * error
        weights = policy_weights(logits, self.config.policy_temperature).astype(np.float64)
        return -np.expm1(-self.config.list_length * weights / weights.sum(axis=1, keepdims=True))

    def _appetite(self, recent: np.ndarray) -> np.ndarray:
        appetite = np.ones((len(recent), len(self.appeal)))
        rows, columns = np.nonzero(recent >= 0)
        appetite[rows, recent[rows, columns]] = self.config.repeat_factor
        return appetite

    def _context(self, recent: np.ndarray) -> np.ndarray:
        """Share of each item in what the user thinks of, `[n, n_items]`, rows sum to 1, or 0 without a past."""
        latest = recent[:, :CONTEXT]
        pull = context_weights(latest, self.config.memory_decay)
        share = np.zeros((len(recent), len(self.appeal)))
        rows, columns = np.nonzero(latest >= 0)
        np.add.at(share, (rows, latest[rows, columns]), pull[rows, columns])
        return share / np.maximum(share.sum(axis=1, keepdims=True), 1e-12)


def _shares(weights: np.ndarray) -> np.ndarray:
    """Each row divided by its sum."""
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)


def _session_chances(mean: np.ndarray) -> list[np.ndarray]:
    """Chance of at least 1, 2, ... `MAX_SESSIONS` sessions, given at least one, from Poisson means `[n]`."""
    at_least = [-np.expm1(-mean)]
    exactly = np.exp(-mean)
    for count in range(1, MAX_SESSIONS):
        exactly = exactly * mean / count
        at_least.append(np.maximum(at_least[-1] - exactly, 0))
    return [chance / at_least[0] for chance in at_least]


def _advance(context: np.ndarray, clicks: np.ndarray, decay: float) -> np.ndarray:
    """What users think of after some expected clicks: old thoughts fade by `decay` per click."""
    count = clicks.sum(axis=1, keepdims=True)
    fade = np.where(context.sum(axis=1, keepdims=True) > 0, decay**count, 0.0)
    return fade * context + (1 - fade) * clicks / np.maximum(count, 1e-12)


def _load(folder: Path, day: dt.date) -> tuple[World, SimulationConfig, Memory]:
    """The truth at the end of a day."""
    wanted = folder / f"clicks-{day}.npz"
    if not wanted.is_file():
        raise UserError(
            f"there is no truth for {day}", str(folder), "Simulate the shop up to this day: sluice simulate"
        )
    with np.load(folder / "world.npz", allow_pickle=False) as stored:
        world = World(**{field.name: stored[field.name] for field in fields(World)})
        config = SimulationConfig.model_validate(orjson.loads(str(stored["config"])))
    memory = Memory(len(world.user_ids))
    for number in range((day - config.start).days + 1):
        with np.load(folder / f"clicks-{config.start + dt.timedelta(days=number)}.npz", allow_pickle=False) as clicks:
            memory.push_all(clicks["user"], clicks["item"])
    return world, config, memory


def _positions(known: np.ndarray, wanted: list[str]) -> np.ndarray:
    """Index of each wanted id among the known ones, -1 for strangers, `[len(wanted)]` int64."""
    index = {name: position for position, name in enumerate(known.tolist())}
    return np.array([index.get(name, -1) for name in wanted], dtype=np.int64)
