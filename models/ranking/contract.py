"""The contract every ranker keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from pydantic import BaseModel

from models.retrieval.contract import FitReport, Progress, no_progress


class Ranker(ABC):
    """A model that orders each user's candidates.

    Attributes:
        feature_names: The features it was fitted on, in order; empty before that.
    """

    name: ClassVar[str]
    Config: ClassVar[type[BaseModel]]

    def __init__(self, config: BaseModel):
        self.config = config
        self.feature_names: list[str] = []

    @abstractmethod
    def fit(
        self, dataset: pl.DataFrame, progress: Progress = no_progress, feature_names: Sequence[str] | None = None
    ) -> FitReport:
        """Learn from what `ranking_dataset` returned.

        Args:
            dataset: Features, `gain`, `window` and `split`; the rows of a user in a window are contiguous. Rows of
                the split `validation` serve early stopping only; without any, the model trains to its full length.
            progress: See `Progress`.
            feature_names: The columns to learn from; `None` takes all features of the dataset's sources.

        Raises:
            UserError: The dataset holds no user to learn from.
        """

    @abstractmethod
    def score(self, frame: pl.DataFrame) -> np.ndarray:
        """Scores of candidates, `[n_rows]` float64 in row order, comparable within a user only; higher is better.

        Raises:
            ValueError: The frame lacks a feature.
        """

    @abstractmethod
    def feature_importance(self) -> pl.DataFrame:
        """Rows `feature, gain_share` (sums to 1), `n_splits`, most important first."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the model (never pickle) and `config.json` into an existing, empty folder."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, feature_names: Sequence[str] | None = None) -> Ranker:
        """Read what `save` wrote; scores are identical to the saved model's.

        Args:
            folder: Where it was saved.
            feature_names: What the caller will score with; `None` skips the comparison.

        Raises:
            UserError: The model was fitted on other features, or in another order.
        """
