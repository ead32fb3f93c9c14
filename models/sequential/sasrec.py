"""SASRec: causal self-attention over the newest items of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field, model_validator

from models.sequential.sequence_config import SequenceConfig
from models.sequential.sequence_retriever import SequenceRetriever

if TYPE_CHECKING:
    from models.sequential.sasrec_network import SASRecNetwork


class SASRecConfig(SequenceConfig):
    """Settings of `sasrec`."""

    n_blocks: int = Field(default=2, ge=1, description="Attention blocks, one upon the other.")
    n_heads: int = Field(default=2, ge=1, description="Attention heads; divides embedding_size.")

    gradient_checkpointing: bool = Field(
        default=False,
        description="Hold only what goes into each block and compute its inside again for the gradient: for long "
        "histories on a GPU; a third more time, the same weights.",
    )

    @property
    def recomputes_blocks(self) -> bool:
        """See `SequenceConfig.recomputes_blocks`."""
        return self.gradient_checkpointing

    def floats_of_blocks(self, of_block: int) -> int:
        """Numbers that all blocks hold for one position, where one in whose inside nothing is left out holds some."""
        if self.gradient_checkpointing:
            return of_block + self.n_blocks * self.embedding_size
        return self.n_blocks * of_block

    @model_validator(mode="after")
    def _heads_divide_size(self) -> Self:
        if self.embedding_size % self.n_heads:
            raise ValueError(f"n_heads ({self.n_heads}) must divide embedding_size ({self.embedding_size})")
        return self


class SASRec(SequenceRetriever):
    """Self-attentive sequential recommendation (Kang and McAuley, ICDM 2018).

    A causal transformer (eqs. 1 to 5) reads a user's newest items; its last state is the user's vector `u`, and an
    item's score is `u . v` with the item's input embedding `v` (Sec. III-D, shared embedding).

    Differences from the paper: a softmax, over shared uniform negatives or over the whole catalogue where that is
    small, in place of binary cross entropy with one negative; AdamW in place of Adam; sequences padded at the end and
    batched by length, so positions count from the oldest item read; older parts of long histories are trained on as
    pieces of their own; a final layer norm; the first attention starts as a mean.
    """

    name: ClassVar[str] = "sasrec"
    Config: ClassVar[type[BaseModel]] = SASRecConfig

    config: SASRecConfig

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`; 16 vectors in each block."""
        size = self.config.embedding_size
        return self.config.floats_of_blocks(16 * size) + 10 * size

    def new_network(self, n_items: int) -> SASRecNetwork:
        """See `SequenceRetriever.new_network`."""
        from models.sequential.sasrec_network import SASRecNetwork

        c = self.config
        return SASRecNetwork(
            n_items, c.max_length, c.embedding_size, c.n_blocks, c.n_heads, c.dropout, c.temperature is not None
        )
