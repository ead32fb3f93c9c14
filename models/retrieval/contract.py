"""The contract every retriever keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from models.retrieval.data_shape import DataShape
from models.retrieval.interactions import Interactions
from models.retrieval.interests import Interests
from models.retrieval.item_features import ItemFeatures
from models.retrieval.user_texts import UserTexts

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done, total)`; cheap, may be called often."""


def no_progress(what: str, done: int, total: int) -> None:
    """The progress callback that shows nothing."""


@dataclass
class FitReport:
    """What training left behind.

    Attributes:
        curve: One dict per epoch or round, e.g. `{"epoch": 3, "loss": 5.1, "validation_ndcg_at_10": 0.08}`.
        best_epoch: The epoch whose weights were kept; 0 for models without epochs.
        seconds: Wall-clock seconds of the fit.
        memory: Bytes that the fit was estimated to take at its peak, beside the interactions; 0 for no estimate.
        notes: What somebody who looks at the model should know, by name, such as how many items were left out.
    """

    curve: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    notes: dict[str, int] = field(default_factory=dict)
    memory: int = 0


class Retriever(ABC):
    """A model that finds, for a user's history, the k best items of the whole catalogue.

    Histories are passed as `Interactions` whose vocabulary (`item_ids`) is the one the model was fitted on.
    """

    name: ClassVar[str]
    Config: ClassVar[type[BaseModel]]
    has_vectors: ClassVar[bool] = False
    is_baseline: ClassVar[bool] = False
    """Whether it only counts; a baseline need not beat a baseline."""
    continues: ClassVar[bool] = False
    """Whether its training can continue from an earlier model, see `start_from`."""
    lowered_for_memory: ClassVar[tuple[str, ...]] = ()
    """Settings that make a fit take less memory when they are lower, the one that costs least quality first."""

    features: ItemFeatures | None = None
    """What `describe_items` was given."""
    user_texts: UserTexts | None = None
    """What `describe_users` was given."""
    checkpoint_folder: Path | None = None
    """Where a model that trains by epochs writes its state after each, and continues from after a kill."""

    def __init__(self, config: BaseModel):
        self.config = config

    @property
    def reads_item_features(self) -> bool:
        """Whether, with this config, `describe_items` has to be called before `fit`."""
        return False

    @property
    def reads_user_texts(self) -> bool:
        """Whether, with this config, it looks at `describe_users`; it can be fitted without."""
        return False

    @abstractmethod
    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """Learn from `train`.

        Args:
            train: Everything the model may see.
            validation: Later interactions of the same users and vocabulary, for early stopping only; `None`
                trains for `n_epochs` (or the config's maximum) and keeps the last weights.
            device: `cpu` or `cuda`; models without torch ignore it.
            progress: See `Progress`.
            n_epochs: Train exactly this long; ignored by models without epochs.
        """

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """What `fit` takes at its peak beside the interactions, in bytes by part, from config and sizes alone.

        Asked before anything is allocated, see `models.retrieval.memory`; a baseline takes next to nothing.
        """
        return {}

    def describe_items(self, features: ItemFeatures) -> None:
        """Give what is known of the items besides who touched them, before `fit`.

        Args:
            features: Of the vocabulary that `fit` will see, in its order.

        Raises:
            TypeError: With this config it does not look at them.
        """
        if not self.reads_item_features:
            raise TypeError(f"retriever {self.name} does not look at what items are")
        self.features = features

    def describe_users(self, texts: UserTexts) -> None:
        """Give what profiles say of the users, before `fit`.

        Args:
            texts: Known before anything that `fit` will be validated by.

        Raises:
            TypeError: With this config it does not look at them.
        """
        if not self.reads_user_texts:
            raise TypeError(f"retriever {self.name} does not look at what users' profiles say")
        self.user_texts = texts

    def start_from(self, earlier: Retriever, positions: np.ndarray) -> None:
        """Let the next `fit` continue from an earlier model's weights.

        Args:
            earlier: A fitted model of this class and config.
            positions: `[n_items]` int, where each item of the coming vocabulary stands in the earlier one; -1 for an
                item that was not there.

        Raises:
            TypeError: This class cannot continue.
            ValueError: `earlier` is of another class or config.
        """
        raise TypeError(f"retriever {self.name} cannot continue from an earlier model")

    @abstractmethod
    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """Score every item for some users.

        Args:
            histories: The users' pasts.
            users: User indices into `histories`, `[n]`.

        Returns:
            `[n, n_items]` float32, higher is better, finite; a new array, into which the caller may write, or one
            that is no array of its own (a view, read-only). Callers pass blocks of users, so this is never the
            whole user x item matrix.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write weights (safetensors or npy, never pickle) and `config.json` into an existing, empty folder."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Retriever:
        """Read what `save` wrote; scores are identical to the saved model's."""

    def item_vectors(self) -> np.ndarray:
        """`[n_items, embedding_size]` float32 whose inner product with a user vector is the score."""
        raise TypeError(f"retriever {self.name} has no vectors")

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, embedding_size]` float32 for the given users; one vector for each, see `score_vectors`."""
        raise TypeError(f"retriever {self.name} has no vectors")

    def score_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, s, embedding_size]` float32: an item's score is its largest inner product with a user's s vectors.

        One for most retrievers, the user's vector.
        """
        return self.user_vectors(histories, users)[:, None]

    @property
    def draws_in_proportion(self) -> bool:
        """Whether lists are drawn from `interests` in proportion, and only ordered by score."""
        return False

    def interests(self, histories: Interactions, users: np.ndarray) -> Interests:
        """What lists are drawn from, of the given users.

        Raises:
            TypeError: This class has none.
        """
        raise TypeError(f"retriever {self.name} has no interests")

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item that speaks most for each recommended item, `[len(items)]` int32, -1 for none.

        Args:
            history: Item indices of one user's past, oldest first.
            items: Item indices recommended to that user.
        """
        return np.full(len(items), -1, dtype=np.int32)
