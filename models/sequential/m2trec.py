"""M2TRec: a transformer over items that are only what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from models.sequential.featured_retriever import FeaturedConfig, FeaturedRetriever
from models.sequential.sasrec import SASRecConfig

if TYPE_CHECKING:
    from models.sequential.sasrec_network import SASRecNetwork


class M2TRecConfig(SASRecConfig, FeaturedConfig):
    """Settings of `m2trec`."""

    temperature: float | None = Field(
        default=0.1, gt=0, description="Scores are cosines, in training divided by this; none: inner products."
    )
    own_vector_dropout: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="None: items have no vectors of their own; a share: they have, left out so often in training.",
    )


class M2TRec(FeaturedRetriever):
    """Metadata-aware transformer (Shalaby et al., "M2TRec: Metadata-aware Multi-task Transformer for Large-scale and
    Cold-start free Session-based Recommendations", RecSys 2022).

    An item is a learned map of its metadata (Sec. 3.1), here its text vector and its attributes: there is no table of
    item ids, so an item is retrievable the moment it is in the catalogue. A causal transformer reads such vectors and
    its last state is the user's, as in `sasrec`.

    Differences from the paper: text vectors come from a frozen encoder; one task, the next item, without those of
    predicting its category and type; the decoder is the item encoder itself, where the paper predicts ids.
    """

    name: ClassVar[str] = "m2trec"
    Config: ClassVar[type[BaseModel]] = M2TRecConfig

    config: M2TRecConfig

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`, as in `sasrec`."""
        size = self.config.embedding_size
        return self.config.floats_of_blocks(16 * size) + 10 * size

    def new_network(self, n_items: int) -> SASRecNetwork:
        """See `SequenceRetriever.new_network`."""
        from models.sequential.sasrec_network import SASRecNetwork

        c = self.config
        shape = c.max_length, c.embedding_size, c.n_blocks, c.n_heads
        return SASRecNetwork(n_items, *shape, c.dropout, c.scores_are_cosines)
