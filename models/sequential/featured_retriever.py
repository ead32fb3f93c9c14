"""Retrievers whose item vectors are made of what an item is, so that a new item has one at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from models.retrieval.contract import FitReport, Progress, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.interactions import Interactions
from models.retrieval.item_features import features_of
from models.sequential.sequence_config import SequenceConfig
from models.sequential.sequence_retriever import SequenceRetriever

if TYPE_CHECKING:
    from models.sequential.item_encoder import EncodedItems


class FeaturedConfig(SequenceConfig):
    """What they have in common."""

    own_vector_dropout: float | None = Field(
        default=0.5,
        ge=0,
        lt=1,
        description="Items also have a vector of their own, left out for this share of the readings in training, so "
        "that what an item is must be enough by itself; none: items are only what they are.",
    )


class FeaturedRetriever(SequenceRetriever):
    """A sequential retriever that reads items through an encoder of their text and attributes.

    The encoder is only in training: afterwards the vectors of the whole vocabulary are kept, also of items that nobody
    has touched.
    """

    continues: ClassVar[bool] = False

    config: FeaturedConfig

    @property
    def reads_item_features(self) -> bool:
        """Always."""
        return True

    def drawn_network(self, n_items: int) -> EncodedItems:
        """See `SequenceRetriever.drawn_network`; its items are what the encoder makes of them.

        Raises:
            ValueError: The features are missing, or of another vocabulary.
        """
        from models.sequential.item_encoder import EncodedItems, ItemEncoder

        features, c = features_of(self.name, self.features, n_items), self.config
        encoder = ItemEncoder(features, c.embedding_size, c.dropout, c.own_vector_dropout)
        return EncodedItems(super().drawn_network(n_items), encoder)  # type: ignore[arg-type]

    def loss_floats(self, n_positions: int, shape: DataShape) -> int:
        """See `SequenceRetriever.loss_floats`; each different item of a batch, read or set against, is encoded."""
        text_size = self.features.text.shape[1] if self.features is not None else 0
        n_encoded = min(n_positions, shape.n_items) + min(n_positions + self.config.n_negatives, shape.n_items)
        return super().loss_floats(n_positions, shape) + n_encoded * (text_size + 24 * self.config.embedding_size)

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """See `SequenceRetriever.fit`; then the encoder gives way to the vectors it makes."""
        report = super().fit(train, validation, device, progress, n_epochs)
        encoded: EncodedItems = self.network  # type: ignore[assignment]
        self._network = encoded.into_body().eval()
        return report
