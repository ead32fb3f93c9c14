"""Small worlds in which every policy's value is known: contexts and actions, and lists under the position-based model."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from models.evaluation.off_policy.click_rates import cross_fitted_rates
from models.evaluation.off_policy.earlier_lists import LISTS
from models.evaluation.off_policy.examination import exposure
from models.evaluation.off_policy.logged_actions import LoggedActions, from_action_probabilities
from models.evaluation.off_policy.shown import IMPRESSIONS
from models.evaluation.off_policy.slates import LoggedSlates

N_CONTEXTS, N_ACTIONS, LENGTH = 3, 5, 3
CLICK_RATE = np.random.default_rng(1).uniform(0.05, 0.4, (N_CONTEXTS, N_ACTIONS))
EXAMINATION = np.array([1, 0.6, 0.3])
DAY = dt.date(2025, 3, 5)


def soft(seed: int, n_rows: int, spread: float = 1.0) -> np.ndarray:
    weights = np.exp(spread * np.random.default_rng(seed).normal(size=(n_rows, N_ACTIONS)))
    return weights / weights.sum(axis=-1, keepdims=True)


def draw_actions(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One action per row of `[..., n_actions]`."""
    beyond = rng.random(probabilities.shape[:-1])[..., None] > probabilities.cumsum(axis=-1)
    return beyond.sum(axis=-1).clip(max=N_ACTIONS - 1)


@dataclass(frozen=True)
class Drawn:
    """Rows with what two reward models say of what was shown and of the evaluation policy."""

    rows: LoggedActions
    predicted: np.ndarray
    expected: np.ndarray
    true_predicted: np.ndarray
    true_expected: np.ndarray


@dataclass(frozen=True)
class World:
    """Contexts come evenly; `mu` logs, `pi` is judged."""

    mu: np.ndarray = field(default_factory=lambda: soft(2, N_CONTEXTS))
    pi: np.ndarray = field(default_factory=lambda: soft(3, N_CONTEXTS))

    @property
    def value(self) -> float:
        return float((self.pi * CLICK_RATE).sum() / N_CONTEXTS)

    def clipped_value(self, limit: float) -> float:
        """What IPS with weights cut at `limit` expects."""
        return float((self.mu * np.minimum(self.pi / self.mu, limit) * CLICK_RATE).sum() / N_CONTEXTS)

    def draw(self, n: int, seed: int) -> Drawn:
        rng = np.random.default_rng(seed)
        x = rng.integers(N_CONTEXTS, size=n)
        a = draw_actions(self.mu[x], rng)
        r = (rng.random(n) < CLICK_RATE[x, a]).astype(float)
        rows = from_action_probabilities(a, r, self.mu[x, a], self.pi[x], self.mu[x])
        rates = cross_fitted_rates(a, x, r, np.arange(n) % 5, N_ACTIONS, N_CONTEXTS)
        true_expected = (self.pi * CLICK_RATE).sum(axis=1)[x]
        return Drawn(rows, rates.of(a), rates.expected(self.pi), CLICK_RATE[x, a], true_expected)


@dataclass(frozen=True)
class ListWorld:
    """Positions are filled independently by `mu`; an item is clicked where it is looked at and attracts."""

    mu: np.ndarray = field(default_factory=lambda: soft(5, LENGTH, 0.5))
    pi: np.ndarray = field(default_factory=lambda: soft(6, LENGTH, 0.5))
    attraction: np.ndarray = field(default_factory=lambda: CLICK_RATE[0])
    examination: np.ndarray = field(default_factory=lambda: EXAMINATION)

    @property
    def value(self) -> float:
        """Clicks per list."""
        return float(self.examination @ self.pi @ self.attraction)

    def draw_clicks(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Items `[n, length]` and their clicks."""
        rng = np.random.default_rng(seed)
        items = draw_actions(np.broadcast_to(self.mu, (n, LENGTH, N_ACTIONS)), rng)
        return items, (rng.random((n, LENGTH)) < self.examination * self.attraction[items]).astype(float)

    def draw_lists(self, n: int, seed: int) -> np.ndarray:
        """Items `[n, length]` as `pi` fills them."""
        return draw_actions(np.broadcast_to(self.pi, (n, LENGTH, N_ACTIONS)), np.random.default_rng(seed))

    def draw(self, n: int, seed: int) -> tuple[LoggedSlates, LoggedSlates]:
        """Lists with chances by position, and with exposures."""
        items, clicks = self.draw_clicks(n, seed)
        place = np.arange(LENGTH)
        at_position = LoggedSlates(clicks, self.mu[place, items], self.pi[place, items])
        logged, judged = (exposure(policy.T, self.examination)[items] for policy in (self.mu, self.pi))
        return at_position, LoggedSlates(clicks, logged, judged)


@pytest.fixture(scope="session")
def world():
    return World


@pytest.fixture(scope="session")
def list_world():
    return ListWorld


@pytest.fixture
def make_rows():
    def make(rewards, propensities, probabilities, **others) -> LoggedActions:
        given = (np.array(values, dtype=float) for values in (rewards, propensities, probabilities))
        return LoggedActions(*given, **others)

    return make


@pytest.fixture(scope="session")
def impressions_of():
    """A frame of lists `[n, length]`, one per user; those with a `lengths` end there."""

    def make(items, clicks, propensities, lengths=None) -> pl.DataFrame:
        n, length = items.shape
        columns = {
            "event_day": [DAY] * items.size,
            "user_id": [f"u{user}" for user in np.repeat(np.arange(n), length)],
            "item_id": [f"i{item}" for item in items.ravel()],
            "impression_id": ["list"] * items.size,
            "position": np.tile(np.arange(1, length + 1), n),
            "propensity": np.broadcast_to(propensities, items.shape).ravel().astype(float),
            "is_clicked": clicks.ravel().astype(bool),
        }
        shown = np.arange(length) < (np.full(n, length) if lengths is None else lengths)[:, None]
        return pl.DataFrame(columns, schema=IMPRESSIONS).filter(shown.ravel())

    return make


@pytest.fixture(scope="session")
def lists_of():
    """A frame of recommended lists `[n, length]` of the day before, one per user."""

    def make(items) -> pl.DataFrame:
        n, length = items.shape
        columns = {
            "as_of_day": [DAY - dt.timedelta(days=1)] * items.size,
            "user_id": [f"u{user}" for user in np.repeat(np.arange(n), length)],
            "rank": np.tile(np.arange(1, length + 1), n),
            "item_id": [f"i{item}" for item in items.ravel()],
        }
        return pl.DataFrame(columns, schema=LISTS)

    return make
