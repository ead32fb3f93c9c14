"""The settings that trained embeddings of users and items share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.training.config import TrainingConfig

ON_THE_SPHERE = {"directau", "cosine_contrastive"}


class VectorConfig(TrainingConfig):
    """How vectors of users and items are drawn and penalised, whatever they are trained by."""

    learning_rate: float = Field(default=5e-3, gt=0, description="AdamW's step size after the warm-up.")
    weight_decay: float = Field(
        default=0.0, ge=0, description="AdamW's decoupled decay of every vector, at every step."
    )
    batch_tokens: int = Field(default=8192, ge=1, description="Touched pairs of a user and an item per batch.")
    embedding_size: int = Field(default=64, ge=1, description="Length of a vector (D).")
    start: Literal["random", "spectral"] = Field(
        default="random",
        description="First vectors: normal draws, or the largest singular vectors of the normalised graph, from where "
        "a fraction of the epochs is enough.",
    )
    start_scale: float = Field(default=0.1, gt=0, description="Root mean square of the first vectors' entries.")
    l2: float = Field(
        default=0.0, ge=0, description="Strength of the ridge penalty on the vectors that a batch looks up."
    )
    popularity_exponent: float = Field(
        default=0.0,
        ge=-1,
        le=1,
        description="After training, an item's vector is multiplied by this power of its number of users.",
    )
    popularity_offset: float = Field(
        default=0.0,
        ge=-1,
        le=1,
        description="After training, so many times the natural logarithm of its number of users is added to an item's "
        "score; with the temperature it says again what `in_batch_softmax` leaves out.",
    )
    alignment: Literal["none", "contrastive", "generative"] = Field(
        default="none",
        description="What draws vectors to the texts of their items and users (RLMRec): nothing; each vector shall be "
        "nearest to its own mapped text; from a vector that is partly hidden its text shall be told. Either reads "
        "item_text_embeddings.",
    )
    align_users: bool = Field(
        default=True,
        description="Whether users are drawn to the texts of their profiles too, where those of the cut's day are "
        "there.",
    )
    alignment_weight: float = Field(default=0.1, ge=0, description="Weight of the alignment beside the loss.")
    alignment_temperature: float = Field(
        default=0.2, gt=0, description="Cosines of the alignment are divided by it; lower looks more at the nearest."
    )
    mask_share: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="`generative`: share of the entries of each first vector that are hidden.",
    )
    fold_in_l2: float = Field(
        default=1.0, gt=0, description="Ridge penalty of the map from a history to a vector, for users not trained on."
    )

    @property
    def on_sphere(self) -> bool:
        """Whether all vectors have length 1, so that scores are cosines."""
        return False


class EmbeddingConfig(VectorConfig):
    """Vectors whose loss can be chosen."""

    loss: Literal["bpr", "sampled_softmax", "in_batch_softmax", "directau", "cosine_contrastive"] = Field(
        default="sampled_softmax",
        description="BPR with negatives of each pair's own; a softmax over uniform negatives that a batch shares, or "
        "over the items of the batch; alignment and uniformity (DirectAU), without negatives; SimpleX's cosine "
        "contrastive loss over shared negatives.",
    )
    n_negatives: int = Field(
        default=2048,
        ge=1,
        description="Items drawn uniformly as negatives, with repeats: of each pair for `bpr`, of the whole batch for "
        "`sampled_softmax` and `cosine_contrastive`; the other losses draw none.",
    )
    similarity: Literal["inner_product", "cosine"] = Field(
        default="inner_product",
        description="What the score is, in training and after; `directau` and `cosine_contrastive` are always cosine.",
    )
    temperature: float = Field(default=1.0, gt=0, description="Scores are divided by it inside a softmax.")
    uniformity_weight: float = Field(
        default=1.0, ge=0, description="`directau`: weight of uniformity against alignment."
    )
    margin: float = Field(
        default=0.4, ge=-1, le=1, description="`cosine_contrastive`: negatives of a lower cosine cost nothing."
    )
    negative_weight: float = Field(
        default=150.0, ge=0, description="`cosine_contrastive`: weight of the negatives' mean against the touched item."
    )

    @property
    def on_sphere(self) -> bool:
        """Whether all vectors have length 1, so that scores are cosines."""
        return self.similarity == "cosine" or self.loss in ON_THE_SPHERE
