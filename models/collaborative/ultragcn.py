"""UltraGCN: the limit of endless graph convolution as a loss with weights, instead of any convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from models.collaborative.co_occurrence import nearest_items
from models.collaborative.embedding_retriever import EmbeddingRetriever
from models.collaborative.memory import weighted_scores
from models.collaborative.ultragcn_config import UltraGcnConfig
from models.retrieval.data_shape import DataShape

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.collaborative.embedding_network import EmbeddingNetwork
    from models.collaborative.ultragcn_network import UltraGcnNetwork
    from models.training.trainer import Forward


class UltraGcn(EmbeddingRetriever):
    """UltraGCN (Mao et al., "UltraGCN: Ultra Simplification of Graph Convolutional Networks for Recommendation", CIKM
    2021).

    The score of u and i is `e_u e_i`. With degrees d and `beta_ui = sqrt(d_u + 1) / (d_u sqrt(d_i + 1))`, to which the
    weights of endlessly many convolutions converge (Sec. 3.1), a pair's cross entropy has the weight
    `pair_weight + constraint_weight beta_ui` (the paper's L_O and L_C), see
    `models.training.embedding_losses.weighted_logistic_loss`. To this comes (Sec. 3.2, L_I)
    `item_weight sum over neighbours j of i of -omega_ij ln sigmoid(e_u e_j)`, see `nearest_items`.

    Differences from the paper: negatives are drawn once for a batch instead of for each pair, with a weight of 20 by
    default instead of 300, which wants many more epochs; first vectors are the graph's singular vectors unless `start`
    says `random`; AdamW in place of Adam. Users not trained on are folded in, see `EmbeddingRetriever`.
    """

    name: ClassVar[str] = "ultragcn"
    Config: ClassVar[type[BaseModel]] = UltraGcnConfig

    config: UltraGcnConfig

    def loss_floats(self, n_pairs: int) -> int:
        """See `EmbeddingRetriever.loss_floats`."""
        return weighted_scores(n_pairs, self.config.n_negatives, self.config.embedding_size)

    def network_floats(self, shape: DataShape) -> int:
        """See `EmbeddingRetriever.network_floats`; neighbours with their weights."""
        return 3 * self.config.n_neighbours * shape.n_items

    def _new_network(
        self, matrix: csr_matrix, users: torch.Tensor, items: torch.Tensor, device: torch.device
    ) -> UltraGcnNetwork:
        from models.collaborative.ultragcn_network import UltraGcnNetwork

        return UltraGcnNetwork(users, items, matrix, *nearest_items(matrix, self.config.n_neighbours))

    def _loss(
        self, network: EmbeddingNetwork, forward: Forward, users: torch.Tensor, items: torch.Tensor
    ) -> torch.Tensor:
        from models.collaborative.ultragcn_network import UltraGcnNetwork, ultragcn_loss

        assert isinstance(network, UltraGcnNetwork)
        return ultragcn_loss(self.config, network, users, items)
