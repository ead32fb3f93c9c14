"""Settings that every sequential retriever has."""

from __future__ import annotations

from pydantic import Field

from models.training.config import LossConfig, TrainingConfig


class SequenceConfig(TrainingConfig, LossConfig):
    """Size, length and loss of a sequential retriever."""

    embedding_size: int = Field(default=64, ge=1, description="Size of item and user vectors (D).")
    dropout: float = Field(default=0.5, ge=0, lt=1, description="Share of activations zeroed while training.")
    temperature: float | None = Field(
        default=None,
        gt=0,
        description="Where given, scores are cosines, in training divided by this (0.05 to 0.1 for a softmax); not "
        "given, they are plain inner products.",
    )
    max_length: int = Field(default=50, ge=1, description="Newest items of a history that the network reads.")

    @property
    def scores_are_cosines(self) -> bool:
        """Whether vectors have length 1."""
        return self.temperature is not None

    @property
    def recomputes_blocks(self) -> bool:
        """Whether the insides of blocks are computed again for the gradient; never where there are no blocks."""
        return False
