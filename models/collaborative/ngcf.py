"""NGCF: graph convolution with matrices, an activation and products of neighbours, layer upon layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.embedding_retriever import EmbeddingRetriever
from models.collaborative.memory import graph_floats
from models.collaborative.normalised_graph import normalised_graph
from models.retrieval.data_shape import DataShape

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.collaborative.ngcf_network import NgcfNetwork


class NgcfConfig(EmbeddingConfig):
    """Settings of `ngcf`."""

    n_layers: int = Field(default=3, ge=0, description="Convolutions, one upon the other.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of each layer's output zeroed while training.")


class Ngcf(EmbeddingRetriever):
    """Neural graph collaborative filtering (Wang et al., SIGIR 2019).

    With first vectors `E_0` and the normalised adjacency A, whose entry of user u and item i is `1 / sqrt(d_u d_i)`:
    `E_(l+1) = LeakyReLU((A + I) E_l W_l + (A E_l * E_l) V_l)` (eq. 7; `*` is element by element), vectors are all
    layers side by side (eq. 9), and the score is their inner product (eq. 10).

    Differences from the paper: a sampled softmax in place of BPR unless `loss` says `bpr` (eq. 11); the matrices have
    biases, as in its authors' code; dropout of outputs, none of nodes; AdamW in place of Adam. Users not trained on are
    folded in, see `EmbeddingRetriever`.
    """

    name: ClassVar[str] = "ngcf"
    Config: ClassVar[type[BaseModel]] = NgcfConfig

    config: NgcfConfig

    def network_floats(self, shape: DataShape) -> int:
        """See `EmbeddingRetriever.network_floats`; the graph twice over, nine vectors of a node and convolution."""
        n_nodes, c = shape.n_users + shape.n_items, self.config
        return graph_floats(shape) + 9 * c.n_layers * n_nodes * c.embedding_size

    def _new_network(
        self, matrix: csr_matrix, users: torch.Tensor, items: torch.Tensor, device: torch.device
    ) -> NgcfNetwork:
        from models.collaborative.graph_product import adjacency_product
        from models.collaborative.ngcf_network import NgcfNetwork

        product = adjacency_product(normalised_graph(matrix), device)
        return NgcfNetwork(users, items, product, self.config.n_layers, self.config.dropout)
