"""Item vectors made of what an item is. Imported only when a model is fitted."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from models.retrieval.item_features import ItemFeatures
from models.sequential.causal_network import CausalNetwork
from models.sequential.sequence_network import INITIAL_STD, draw_weights
from models.training.dropout import Dropout


class ItemEncoder(nn.Module):
    """`f(item) = g + W2 relu(W1 g)`, where g is the normed sum of a map of its text vector, the mean of its attributes'
    vectors and, where items have one, its own vector.

    Args:
        features: Of all items.
        size: Of the vectors made (D).
        dropout: Share of activations zeroed while training.
        own_vector_dropout: Share of the items whose own vector is left out while training; `None`: items have none.
    """

    text: torch.Tensor
    tokens: torch.Tensor

    def __init__(self, features: ItemFeatures, size: int, dropout: float, own_vector_dropout: float | None):
        super().__init__()
        self.own_vector_dropout = own_vector_dropout
        self.register_buffer("text", torch.from_numpy(features.text), persistent=False)
        self.register_buffer("tokens", torch.from_numpy(features.tokens).long() + 1, persistent=False)
        self.of_text = nn.Linear(features.text.shape[1], size)
        self.of_tokens = nn.Embedding(features.n_tokens + 1, size, padding_idx=0)
        self.own = nn.Embedding(features.n_items if own_vector_dropout is not None else 0, size)
        self.norm = nn.LayerNorm(size)
        self.wide, self.narrow = nn.Linear(size, 2 * size), nn.Linear(2 * size, size)
        self.dropout = Dropout(dropout)
        self.apply(draw_weights)
        nn.init.normal_(self.of_text.weight, std=size**-0.5)
        with torch.no_grad():
            self.of_tokens.weight[0] = 0
            self.of_tokens.weight[1:].mul_(1 / INITIAL_STD / size**0.5)
            self.own.weight.zero_()  # an item nobody touches keeps this, and is what its text and attributes say

    def forward(self, items: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """Vectors of some items.

        Args:
            items: `[n]` int64.
            hidden: `[n, 1 + n_places]` bool, true for text (first) and attributes to be left out; `None` for none.

        Returns:
            `[n, D]`.
        """
        text, tokens = self.of_text(self.text[items]), self.tokens[items]  # (n, D), (n, n_places)
        if hidden is not None:
            text, tokens = text.masked_fill(hidden[:, :1], 0.0), tokens.masked_fill(hidden[:, 1:], 0)
        n_known = (tokens > 0).sum(1, keepdim=True).clamp_min(1)
        whole = text + self.of_tokens(tokens).sum(1) / n_known
        if self.own_vector_dropout is not None:
            whole = whole + self._own(items)
        g = self.norm(whole)
        return g + self.narrow(self.dropout(F.relu(self.wide(g))))

    def _own(self, items: torch.Tensor) -> torch.Tensor:
        own = self.own(items)
        if not self.training or not self.own_vector_dropout:
            return own
        kept = torch.rand(len(items), 1, device=own.device) >= self.own_vector_dropout
        return own * kept


class EncodedItems(CausalNetwork):
    """A network that reads items through an encoder in place of a table of vectors.

    Args:
        body: What makes states of vectors; its own table is not used until `into_body`.
        encoder: What makes vectors of items.
    """

    def __init__(self, body: CausalNetwork, encoder: ItemEncoder):
        super().__init__(0, body.items.embedding_dim, body.cosine)
        self._n_items = body.n_items
        body.items = nn.Embedding(0, body.items.embedding_dim)
        self.body, self.encoder = body, encoder

    @property
    def n_items(self) -> int:
        """Size of the vocabulary."""
        return self._n_items

    def read(self, items: torch.Tensor) -> torch.Tensor:
        """See `SequenceNetwork.read`; each different item is encoded once."""
        different, places = items.unique(return_inverse=True)
        return self._measured(self.encoder(different))[places]

    def table(self) -> torch.Tensor:
        """See `SequenceNetwork.table`."""
        return self._measured(self.encoder(torch.arange(self.n_items, device=self.device)))

    def encode(self, vectors: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """See `CausalNetwork.encode`."""
        return self.body.encode(vectors, times)

    def into_body(self) -> CausalNetwork:
        """The body with a table of the vectors that the encoder makes now."""
        self.eval()
        with torch.inference_mode():
            vectors = self.table().clone()
        self.body.items = nn.Embedding.from_pretrained(vectors.detach().clone(), freeze=True)
        return self.body
