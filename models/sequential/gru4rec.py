"""GRU4Rec: a recurrent network over the newest items of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from models.sequential.sequence_config import SequenceConfig
from models.sequential.sequence_retriever import SequenceRetriever

if TYPE_CHECKING:
    from models.sequential.gru4rec_network import GRU4RecNetwork


class GRU4RecConfig(SequenceConfig):
    """Settings of `gru4rec`."""

    hidden_size: int = Field(default=128, ge=1, description="Size of the recurrent state.")
    n_layers: int = Field(default=1, ge=1, description="Recurrent layers, one upon the other.")


class GRU4Rec(SequenceRetriever):
    """Recurrent recommendation (Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR
    2016; Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains", CIKM 2018).

    A state is carried from item to item: with the item's embedding `e` and the state `h`,
    `r = sigmoid(W_r e + U_r h)`, `z = sigmoid(W_z e + U_z h)`, `c = tanh(W e + r * U h)`, `h' = (1 - z) c + z h` (2016,
    eqs. 1 to 4, with `z` and `1 - z` exchanged, as torch has it). A linear map of the last state is the user's vector
    `u`, an item's score `u . v` with its input embedding (2018, Sec. 3.3, constrained embedding).

    Differences from the papers: whole histories in batches of like length in place of parallel sessions; a softmax over
    shared uniform negatives, or the configured loss, in place of BPR-max; AdamW in place of Adagrad; a last layer norm.
    """

    name: ClassVar[str] = "gru4rec"
    Config: ClassVar[type[BaseModel]] = GRU4RecConfig

    config: GRU4RecConfig

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`; gates and states of each layer."""
        return 16 * self.config.hidden_size * self.config.n_layers + 8 * self.config.embedding_size

    def new_network(self, n_items: int) -> GRU4RecNetwork:
        """See `SequenceRetriever.new_network`."""
        from models.sequential.gru4rec_network import GRU4RecNetwork

        c = self.config
        return GRU4RecNetwork(n_items, c.embedding_size, c.hidden_size, c.n_layers, c.dropout, c.scores_are_cosines)
