"""Matrix factorisation trained on pairs: a vector for each user and item, their inner product the score."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.embedding_retriever import EmbeddingRetriever


class BprMfConfig(EmbeddingConfig):
    """Settings of `bpr_mf`."""

    loss: Literal["bpr", "sampled_softmax", "in_batch_softmax", "directau", "cosine_contrastive"] = Field(
        default="bpr", description=EmbeddingConfig.model_fields["loss"].description
    )
    n_negatives: int = Field(default=4, ge=1, description=EmbeddingConfig.model_fields["n_negatives"].description)


class BprMf(EmbeddingRetriever):
    """Matrix factorisation by Bayesian personalised ranking (Rendle et al., "BPR: Bayesian Personalized Ranking from
    Implicit Feedback", UAI 2009).

    The score of user u and item i is `x_u y_i` (Sec. 4.3.1); the vectors minimise `-ln sigmoid(x_u y_i - x_u y_j)` over
    touched items i and others j (BPR-Opt, Sec. 4.1), see `models.training.embedding_losses`.

    Differences from the paper: AdamW on batches in place of single steps drawn with replacement; several negatives for
    a pair, drawn uniformly from all items but the pair's own, so some may be touched; other losses by `loss`. Users
    not trained on are folded in, see `EmbeddingRetriever`.
    """

    name: ClassVar[str] = "bpr_mf"
    Config: ClassVar[type[BaseModel]] = BprMfConfig

    config: BprMfConfig
