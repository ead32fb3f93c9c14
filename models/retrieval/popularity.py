"""Popularity, all-time and recent: the same list for everyone, and the bar that a model has to clear."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.interactions import Interactions

SECONDS_PER_DAY = 86_400


class PopularityConfig(BaseModel):
    """Settings of `popularity`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weighted: bool = Field(
        default=True, description="Sum the event weights of an item; if false, count its interactions."
    )


class RecentPopularityConfig(PopularityConfig):
    """Settings of `recent_popularity`."""

    window_days: float = Field(
        default=7.0, gt=0, description="Only interactions at most this many days older than the newest one count."
    )


class DecayedPopularityConfig(PopularityConfig):
    """Settings of `decayed_popularity`."""

    half_life_days: float = Field(
        default=7.0, gt=0, description="An interaction this many days older than the newest one counts half."
    )


class Popularity(Retriever):
    """Scores an item by the total weight of all its interactions: `score[i] = sum of w over interactions with i`.

    An item nobody touched scores 0. Users' histories do not matter.
    """

    name: ClassVar[str] = "popularity"
    is_baseline: ClassVar[bool] = True
    Config: ClassVar[type[BaseModel]] = PopularityConfig

    config: PopularityConfig

    def __init__(self, config: PopularityConfig):
        super().__init__(config)
        self.item_scores = np.zeros(0, dtype=np.float32)

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """Count; `validation`, `device` and `n_epochs` do not matter."""
        started = time.perf_counter()
        self.item_scores = self.counts(train).astype(np.float32)
        progress(self.name, 1, 1)
        return FitReport(seconds=time.perf_counter() - started)

    def counts(self, train: Interactions) -> np.ndarray:
        """`[n_items]` sums of weights, or numbers of interactions."""
        counted = self.counted(train)
        weights = counted.weights if self.config.weighted else None
        return np.bincount(counted.items, weights=weights, minlength=train.n_items)

    def counted(self, train: Interactions) -> Interactions:
        """The interactions that count: all of them."""
        return train

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The same row for every user, `[n, n_items]` float32; see `Retriever.scores`."""
        return np.tile(self.item_scores, (len(users), 1))

    def save(self, folder: Path) -> None:
        """Write `item_scores.npy` and `config.json`."""
        save_arrays(folder, {"item_scores": self.item_scores})
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        retriever = cls(read_config(cls.name, cls.Config, folder))  # type: ignore[arg-type]
        retriever.item_scores = load_arrays(folder, ["item_scores"])["item_scores"]
        return retriever


class RecentPopularity(Popularity):
    """Popularity over the last `window_days` before the newest interaction in `train`.

    The reference instant is `train.times.max()`, never the clock of the machine, so a backfilled day gives the same
    list as the night it first ran. An interaction exactly `window_days` older than the reference no longer counts.
    """

    name: ClassVar[str] = "recent_popularity"
    Config: ClassVar[type[BaseModel]] = RecentPopularityConfig

    config: RecentPopularityConfig

    def counted(self, train: Interactions) -> Interactions:
        """The interactions with `times > train.times.max() - window_days`, in seconds."""
        if len(train.times) == 0:
            return train
        window_seconds = round(self.config.window_days * SECONDS_PER_DAY)
        return train.since(int(train.times.max()) - window_seconds + 1)


class DecayedPopularity(Popularity):
    """Popularity in which an interaction fades: `score[i] = sum of w 2^(-age / half_life_days)`.

    The age is counted from the newest interaction in `train`, in days. (Exponential smoothing, Holt 1957.)
    """

    name: ClassVar[str] = "decayed_popularity"
    Config: ClassVar[type[BaseModel]] = DecayedPopularityConfig

    config: DecayedPopularityConfig

    def counts(self, train: Interactions) -> np.ndarray:
        """`[n_items]` sums of faded weights."""
        if len(train.times) == 0:
            return np.zeros(train.n_items)
        age_days = (train.times.max() - train.times) / SECONDS_PER_DAY
        faded = np.exp2(-age_days / self.config.half_life_days)
        if self.config.weighted:
            faded = faded * train.weights
        return np.bincount(train.items, weights=faded, minlength=train.n_items)
