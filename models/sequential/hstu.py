"""HSTU: pointwise attention that knows how long ago an item was."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from models.sequential.sasrec import SASRecConfig
from models.sequential.sequence_retriever import SequenceRetriever

if TYPE_CHECKING:
    from models.sequential.hstu_network import HSTUNetwork


class HSTUConfig(SASRecConfig):
    """Settings of `hstu`."""


class HSTU(SequenceRetriever):
    """Hierarchical sequential transduction units (Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter
    Sequential Transducers for Generative Recommendations", ICML 2024).

    Layers without a softmax: with `U, V, Q, K = split(silu(f1(norm(X))))` each place sums what it has seen with the
    weights `silu(Q K' + rab) / n`, so that how often something came is kept, and gates the sum by U (eqs. 1 to 3). The
    bias `rab` has a part for the distance in places and one for the time between, in logarithmic buckets. The last
    state is the user's vector `u`, an item's score `u . v` with its input embedding.

    Differences from the paper: `n` is the number of places seen, so that a state does not depend on how long the batch
    is; sequences hold positive interactions only, not actions of several kinds; the configured loss over shared
    negatives; a final layer norm in place of vectors of length 1; AdamW's settings as in `sasrec`.
    """

    name: ClassVar[str] = "hstu"
    Config: ClassVar[type[BaseModel]] = HSTUConfig

    config: HSTUConfig

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`; weights of all places seen, by block and head."""
        c = self.config
        of_block = 20 * c.embedding_size + (3 * c.n_heads + 4) * length
        return c.floats_of_blocks(of_block) + 10 * c.embedding_size + 6 * length

    def new_network(self, n_items: int) -> HSTUNetwork:
        """See `SequenceRetriever.new_network`."""
        from models.sequential.hstu_network import HSTUNetwork

        c = self.config
        return HSTUNetwork(
            n_items, c.max_length, c.embedding_size, c.n_blocks, c.n_heads, c.dropout, c.temperature is not None
        )
