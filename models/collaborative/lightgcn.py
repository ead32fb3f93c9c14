"""LightGCN: vectors of users and items, smoothed over the graph of their interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, Field, model_validator

from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.embedding_retriever import EmbeddingRetriever
from models.collaborative.memory import graph_floats
from models.collaborative.normalised_graph import normalised_graph
from models.retrieval.data_shape import DataShape

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.collaborative.lightgcn_network import LightGcnNetwork


FIELDS = EmbeddingConfig.model_fields


class LightGcnConfig(EmbeddingConfig):
    """Settings of `lightgcn`."""

    learning_rate: float = Field(default=0.03, gt=0, description=FIELDS["learning_rate"].description)
    start: Literal["random", "spectral"] = Field(default="spectral", description=FIELDS["start"].description)
    similarity: Literal["inner_product", "cosine"] = Field(
        default="cosine", description=FIELDS["similarity"].description
    )
    temperature: float = Field(default=0.1, gt=0, description=FIELDS["temperature"].description)
    popularity_exponent: float = Field(default=0.1, ge=-1, le=1, description=FIELDS["popularity_exponent"].description)
    max_epochs: int = Field(default=6, ge=1, description=FIELDS["max_epochs"].description)
    n_layers: int = Field(default=3, ge=0, description="Rounds of smoothing whose means are the vectors; 0: none.")
    first_layer: int = Field(
        default=0,
        ge=0,
        description="Round from which on they count; with 1 vectors are made of neighbours alone, as their own first "
        "ones are what learns by heart.",
    )

    @model_validator(mode="after")
    def _some_layer_is_left(self) -> Self:
        if self.first_layer > self.n_layers:
            raise ValueError(f"first_layer {self.first_layer} is beyond n_layers {self.n_layers}: nothing is left")
        return self


class LightGcn(EmbeddingRetriever):
    """Light graph convolution (He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for
    Recommendation", SIGIR 2020).

    With first vectors `E_0` of users and items and the normalised adjacency A, whose entry of user u and item i is
    `1 / sqrt(d_u d_i)`: `E_(k+1) = A E_k` (eqs. 3 and 7), the vectors are `E = mean over k = first_layer .. n_layers of
    E_k` (eqs. 4 and 8, weights equal; those of the layers before are 0), and the score of u and i is `e_u e_i` (eq. 5).

    Differences from the paper: a sampled softmax of cosines in place of BPR of inner products unless `loss` and
    `similarity` say so (eq. 15), which wants far fewer epochs (Wu et al., "On the Effectiveness of Sampled Softmax Loss
    for Item Recommendation", 2022); first vectors are the graph's singular vectors unless `start` says `random`; AdamW
    in place of Adam. Users not trained on are folded in, see `EmbeddingRetriever`.
    """

    name: ClassVar[str] = "lightgcn"
    Config: ClassVar[type[BaseModel]] = LightGcnConfig

    config: LightGcnConfig

    def network_floats(self, shape: DataShape) -> int:
        """See `EmbeddingRetriever.network_floats`; the graph twice over, four vectors of each node."""
        return graph_floats(shape) + 4 * (shape.n_users + shape.n_items) * self.config.embedding_size

    def _new_network(
        self, matrix: csr_matrix, users: torch.Tensor, items: torch.Tensor, device: torch.device
    ) -> LightGcnNetwork:
        from models.collaborative.graph_product import adjacency_product
        from models.collaborative.lightgcn_network import LightGcnNetwork

        product, config = adjacency_product(normalised_graph(matrix), device), self.config
        return LightGcnNetwork(users, items, product, config.n_layers, config.first_layer)
