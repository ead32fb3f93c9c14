"""BERT4Rec: hidden items of a history guessed from both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from models.retrieval.data_shape import DataShape
from models.retrieval.interactions import Interactions
from models.sequential.pieces import Pieces, whole_pieces
from models.sequential.sasrec import SASRecConfig
from models.sequential.sequence_retriever import SequenceRetriever

if TYPE_CHECKING:
    import torch

    from models.sequential.batches import SequenceBatch
    from models.sequential.bert4rec_network import BERT4RecNetwork
    from models.training.trainer import Forward


class BERT4RecConfig(SASRecConfig):
    """Settings of `bert4rec`."""

    hidden_share: float = Field(default=0.2, gt=0, lt=1, description="Share of a history's items that are hidden.")
    last_only_share: float = Field(
        default=0.2, ge=0, le=1, description="Share of the histories of which only the last item is hidden."
    )


class BERT4Rec(SequenceRetriever):
    """Bidirectional self-attention (Sun et al., "BERT4Rec", CIKM 2019).

    In training items drawn at random are replaced by one vector that says "hidden" and are to be guessed from all
    others, before and after them (eqs. 6 to 8). To recommend, a hidden item is put behind the newest: the state there
    is the user's vector `u`, an item's score `u . v` with its input embedding.

    A much cited evaluation found implementations that reach a third of the paper's quality for want of training (Petrov
    and Macdonald, "A Systematic Review and Replicability Study of BERT4Rec", RecSys 2022): only a share of the places
    teaches anything in an epoch, so it needs several times the epochs of `sasrec`.

    Differences from the paper: the configured loss, by default a softmax over shared uniform negatives, in place of one
    over the catalogue; layers normed before in place of after; a final layer norm in place of the projection and bias;
    AdamW's settings as in `sasrec`; histories of two items or more, the longer ones in pieces.
    """

    name: ClassVar[str] = "bert4rec"
    Config: ClassVar[type[BaseModel]] = BERT4RecConfig

    config: BERT4RecConfig

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`; the wide layers four times over."""
        size = self.config.embedding_size
        return self.config.floats_of_blocks(22 * size) + 12 * size

    def loss_floats(self, n_positions: int, shape: DataShape) -> int:
        """See `SequenceRetriever.loss_floats`; only hidden items are predicted, at least one of each history."""
        n_hidden = int(n_positions * min(1.0, self.config.hidden_share + 0.1)) + 1
        return super().loss_floats(n_hidden, shape)

    def new_network(self, n_items: int) -> BERT4RecNetwork:
        """See `SequenceRetriever.new_network`; one place more, for the hidden item behind the newest."""
        from models.sequential.bert4rec_network import BERT4RecNetwork

        c = self.config
        return BERT4RecNetwork(
            n_items, c.max_length + 1, c.embedding_size, c.n_blocks, c.n_heads, c.dropout, c.temperature is not None
        )

    def training_pieces(self, train: Interactions) -> Pieces:
        """Whole histories of two items or more, cut where they are longer than `max_length`."""
        return whole_pieces(train, self.config.max_length)

    def loss(self, forward: Forward, batch: SequenceBatch) -> torch.Tensor:
        """The loss of the hidden items."""
        from models.sequential.bert4rec_network import PADDING

        hidden = self._hide(batch.inside)
        n_items = self.network.n_items
        items = batch.items.masked_fill(~batch.inside, PADDING).masked_fill(hidden, n_items)
        return self.loss_of(forward(items, batch.times)[hidden], batch.items[hidden])

    def _hide(self, inside: torch.Tensor) -> torch.Tensor:
        """`[B, T]` bool: which items are hidden, at least one in each row."""
        import torch

        n_rows, n_places = inside.shape
        draws = torch.rand(n_rows, n_places, device=inside.device).masked_fill(~inside, 2.0)
        hidden = (draws < self.config.hidden_share) | (draws == draws.min(dim=1, keepdim=True).values)
        last = torch.arange(n_places, device=inside.device) == inside.sum(1, keepdim=True) - 1
        only_last = torch.rand(n_rows, 1, device=inside.device) < self.config.last_only_share
        return torch.where(only_last, last, hidden)

    def last_states(self, batch: SequenceBatch) -> torch.Tensor:
        """`[B, D]`: the state of a hidden item behind each row's last."""
        import torch
        from torch.nn.functional import pad

        from models.sequential.bert4rec_network import PADDING

        rows, behind = torch.arange(len(batch.items), device=batch.items.device), batch.inside.sum(1)
        items = pad(batch.items.masked_fill(~batch.inside, PADDING), (0, 1), value=PADDING)
        items[rows, behind] = self.network.n_items
        return self.network(items, pad(batch.times, (0, 1)))[rows, behind]
