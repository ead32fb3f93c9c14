"""Two towers: what a user has read on one side, what an item is on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from models.retrieval.contract import FitReport, Progress, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.interactions import Interactions
from models.sequential.featured_retriever import FeaturedConfig, FeaturedRetriever

if TYPE_CHECKING:
    import torch

    from models.sequential.batches import SequenceBatch
    from models.sequential.item_encoder import EncodedItems
    from models.sequential.two_tower_network import PooledNetwork
    from models.training.trainer import Forward


class TwoTowerConfig(FeaturedConfig):
    """Settings of `two_tower`."""

    hidden_size: int = Field(default=256, ge=1, description="Size of the user tower's hidden layer.")
    temperature: float | None = Field(
        default=0.07, gt=0, description="Scores are cosines, in training divided by this; none: inner products."
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Share of activations zeroed while training.")
    log_q: bool = Field(
        default=True, description="Correct logits for how often an item is among the negatives because it is popular."
    )
    masking_weight: float = Field(
        default=0.1, ge=0, description="Weight of the loss between two views of an item, each with features hidden."
    )
    masking_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the features that the first view hides; the second hides the rest.",
    )
    masking_temperature: float = Field(default=0.1, gt=0, description="Divides cosines between the views.")


class TwoTower(FeaturedRetriever):
    """Two-tower retrieval (Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations",
    RecSys 2019) with feature masking (Yao et al., "Self-supervised Learning for Large-scale Item Recommendations",
    CIKM 2021).

    The item tower encodes text, attributes and, for most readings, a vector of the item's own; the user tower pools
    what was read so far. Negatives are the batch's other positives and `n_negatives` uniform draws (mixed: Yang et al.,
    WWW 2020); a logit is `u . v / temperature - log q` with `q` the number of times the item is expected among them (Yi
    et al., eq. 3). Besides, two views of an item with different features hidden shall be nearer to each other than to
    those of other items (Yao et al., eq. 2).

    Differences from the papers: q is counted, not estimated from a stream; every place of a history is an example; the
    two views hide complementary features drawn at random, not by mutual information. `loss` other than the softmax is
    that loss with uniform negatives alone.
    """

    name: ClassVar[str] = "two_tower"
    Config: ClassVar[type[BaseModel]] = TwoTowerConfig

    config: TwoTowerConfig
    _shares: np.ndarray | None = None

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`."""
        return 8 * self.config.embedding_size + 4 * self.config.hidden_size

    def loss_floats(self, n_positions: int, shape: DataShape) -> int:
        """See `SequenceRetriever.loss_floats`; logits of all positions and negatives, and the views."""
        c = self.config
        n_candidates = n_positions + c.n_negatives if c.loss == "softmax" else 0
        n_viewed = min(n_positions, shape.n_items) if c.masking_weight else 0
        views = n_viewed * (4 * n_viewed + 48 * c.embedding_size)
        return super().loss_floats(n_positions, shape) + 6 * n_positions * n_candidates + views

    def new_network(self, n_items: int) -> PooledNetwork:
        """See `SequenceRetriever.new_network`."""
        from models.sequential.two_tower_network import PooledNetwork

        c = self.config
        return PooledNetwork(n_items, c.embedding_size, c.hidden_size, c.dropout, c.scores_are_cosines)

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """See `FeaturedRetriever.fit`."""
        counts = np.bincount(train.items, minlength=train.n_items).astype(np.float32)
        self._shares = counts / max(counts.sum(), 1)
        return super().fit(train, validation, device, progress, n_epochs)

    def loss(self, forward: Forward, batch: SequenceBatch) -> torch.Tensor:
        """The next item's loss, and that of the views."""
        states, positives = batch.only_real(forward(batch.items, batch.times)), batch.only_real(batch.targets)
        whole = self._mixed(states, positives) if self.config.loss == "softmax" else self.loss_of(states, positives)
        if self.config.masking_weight:
            whole = whole + self.config.masking_weight * self._views(positives.unique())
        return whole

    def _mixed(self, states: torch.Tensor, positives: torch.Tensor) -> torch.Tensor:
        import torch

        from models.training.contrastive_losses import mixed_softmax_loss

        c, network = self.config, self.network
        assert self.sampler is not None, "it is made before training begins"
        candidates = torch.cat([positives, self.sampler.draw(c.n_negatives)])
        expected = torch.ones(len(candidates), device=states.device)
        if c.log_q:
            shares = torch.from_numpy(self._shares).to(states.device)[candidates]
            expected = len(positives) * shares + c.n_negatives * self.sampler.probability(candidates)
        sharpness = 1 / (c.temperature or 1.0)
        return mixed_softmax_loss(states * sharpness, positives, candidates, network.read(candidates), expected)

    def _views(self, items: torch.Tensor) -> torch.Tensor:
        """InfoNCE between two views of some different items, `[n]`."""
        import torch

        from models.training.contrastive_losses import info_nce_loss

        encoded: EncodedItems = self.network  # type: ignore[assignment]
        n_features = 1 + encoded.encoder.tokens.shape[1]
        hidden = torch.rand(len(items), n_features, device=items.device) < self.config.masking_share
        one, other = encoded.encoder(items, hidden), encoded.encoder(items, ~hidden)
        return info_nce_loss(one, other, self.config.masking_temperature)
