"""SimpleX: a user's vector joined with the mean of what they touched, trained by the cosine contrastive loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, Field

from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.embedding_retriever import EmbeddingRetriever
from models.collaborative.normalised_graph import normalised_graph

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.collaborative.simplex_network import SimplexNetwork


class SimplexConfig(EmbeddingConfig):
    """Settings of `simplex`."""

    loss: Literal["bpr", "sampled_softmax", "in_batch_softmax", "directau", "cosine_contrastive"] = Field(
        default="cosine_contrastive", description=EmbeddingConfig.model_fields["loss"].description
    )
    own_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a user's own vector; the rest is that of the mean item vector of the history.",
    )


class Simplex(EmbeddingRetriever):
    """SimpleX (Mao et al., "SimpleX: A Simple and Strong Baseline for Collaborative Filtering", CIKM 2021).

    With the mean `m_u` of the item vectors of u's history (the paper's average pooling), a square matrix V and the
    user's own vector `e_u`: `h_u = own_share e_u + (1 - own_share) V m_u`, the score is `cos(h_u, e_i)`, and the loss
    is the cosine contrastive one (eq. 1), see `models.training.embedding_losses`.

    Differences from the paper: negatives are drawn once for a batch instead of for each pair; the whole history is
    averaged, not its last so many items; no dropout; of its three ways to aggregate only the mean. Users not trained
    on are folded in, see `EmbeddingRetriever`.
    """

    name: ClassVar[str] = "simplex"
    Config: ClassVar[type[BaseModel]] = SimplexConfig

    config: SimplexConfig

    def _new_network(
        self, matrix: csr_matrix, users: torch.Tensor, items: torch.Tensor, device: torch.device
    ) -> SimplexNetwork:
        from models.collaborative.graph_product import SparseProduct
        from models.collaborative.simplex_network import SimplexNetwork

        means = SparseProduct(normalised_graph(matrix, user_exponent=1.0, item_exponent=0.0), device)
        return SimplexNetwork(users, items, means, self.config.own_share)
