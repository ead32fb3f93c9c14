"""A network with several vectors a user, one for each interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from models.ann.metric import prepared
from models.retrieval.interactions import Interactions
from models.retrieval.interests import Interests, scores_of_all
from models.sequential.pieces import extract, newest_pieces
from models.sequential.sasrec import SASRecConfig
from models.sequential.sequence_config import SequenceConfig
from models.sequential.sequence_retriever import SequenceRetriever

if TYPE_CHECKING:
    import torch

    from models.sequential.batches import SequenceBatch
    from models.sequential.multi_interest_network import MultiInterestNetwork
    from models.training.trainer import Forward


class MultiInterestConfig(SASRecConfig):
    """Settings of `multi_interest`."""

    n_blocks: int = Field(
        default=2, ge=0, description="Attention blocks below the interests; 0: these are of the items' own vectors."
    )
    temperature: float | None = Field(
        default=0.07, gt=0, description=SequenceConfig.model_fields["temperature"].description
    )
    n_interests: int = Field(default=4, ge=1, description="Vectors a user.")
    attention_size: int = Field(default=128, ge=1, description="Size of what an interest's attention is made from.")
    adds_newest: bool = Field(
        default=True, description="Whether each interest is its mean of the history plus the newest item's state."
    )
    decorrelation_weight: float = Field(
        default=0.1, ge=0, description="Weight of the mean squared cosine of two interests of a user in the loss."
    )
    merge: Literal["proportional", "max"] = Field(
        default="proportional",
        description="How a list comes from the interests: drawn from each in proportion to the history's items nearest "
        "to it, or the items with the best score for any.",
    )


class MultiInterest(SequenceRetriever):
    """ComiRec's self-attentive interests (Cen et al., "Controllable Multi-Interest Framework for Recommendation", KDD
    2020, the section on the self-attentive method) on the states of a causal transformer.

    With the states `H`, interest m is `v_m = H softmax(W2 tanh(W1 H))_m`, where attention also knows how many items ago
    one was, plus the newest state (`adds_newest`). In training the interest nearest to the next
    item, `argmax over m of v_m . e`, stands for the user (hard routing), and is set against negatives by the
    configured loss. An item's score is its largest product with any interest.

    So that interests part, `decorrelation_weight` times the mean over pairs of `cos(v_m, v_m')^2` is added to the loss:
    the disagreement on outputs of Li et al., "Multi-Head Attention with Disagreement Regularization", EMNLP 2018,
    squared, so that right angles are the aim and not opposites.

    An interest's weight is the share of the history's items, of those the network reads, to which it is the nearest;
    lists are drawn in proportion to that, or merged by the score (`merge`), which is the paper's without its
    controllable diversity.

    Differences from the paper: `n_blocks` of `sasrec` below the interests (0: none, as there), learned recency in the
    attention and the newest state in each interest: without that state a part of Amazon Beauty had NDCG@10 .077 after
    seven epochs, with it .103 and `sasrec` .103. Every position of a sequence is trained, seeing what came before;
    cosines where a `temperature` is given; and those of `sasrec`.
    """

    name: ClassVar[str] = "multi_interest"
    Config: ClassVar[type[BaseModel]] = MultiInterestConfig

    config: MultiInterestConfig

    def activation_floats(self, length: int) -> int:
        """See `SequenceRetriever.activation_floats`; `sasrec`'s and, by interest, weights of all places."""
        c = self.config
        of_interests = c.n_interests * (6 * c.embedding_size + 4 * length) + 2 * c.attention_size
        return c.floats_of_blocks(16 * c.embedding_size) + 10 * c.embedding_size + of_interests

    def new_network(self, n_items: int) -> MultiInterestNetwork:
        """See `SequenceRetriever.new_network`; its states are `[B, T, M, D]`."""
        from models.sequential.multi_interest_network import MultiInterestNetwork

        c = self.config
        return MultiInterestNetwork(
            n_items,
            c.max_length,
            c.embedding_size,
            c.n_blocks,
            c.n_heads,
            c.n_interests,
            c.attention_size,
            c.adds_newest,
            c.dropout,
            c.scores_are_cosines,
        )

    def loss(self, forward: Forward, batch: SequenceBatch) -> torch.Tensor:
        """The loss of the nearest interests, and the penalty on interests that are alike."""
        import torch

        from models.sequential.multi_interest_network import alikeness

        interests = batch.only_real(forward(batch.items, batch.times))  # (P, M, D)
        targets = batch.only_real(batch.targets)
        with torch.no_grad():
            nearest = torch.einsum("pmd,pd->pm", interests, self.network.read(targets).to(interests.dtype)).argmax(1)
        chosen = interests[torch.arange(len(targets), device=targets.device), nearest]  # (P, D)
        return self.loss_of(chosen, targets) + self.config.decorrelation_weight * alikeness(interests)

    @property
    def draws_in_proportion(self) -> bool:
        """Where `merge` says so."""
        return self.config.merge == "proportional"

    def score_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The interests, `[n, n_interests, embedding_size]` float32; zero without a history."""
        return self.newest_states(histories, users, (self.config.n_interests, self.config.embedding_size))

    def interests(self, histories: Interactions, users: np.ndarray) -> Interests:
        """See `Retriever.interests`; weights are shares of the newest `max_length` items."""
        vectors = self.score_vectors(histories, users)
        newest = newest_pieces(histories, np.asarray(users), self.config.max_length)
        (items,), _ = extract((histories.items,), newest)
        rows = np.repeat(np.arange(len(newest.lengths)), newest.lengths)
        item_vectors = self.item_vectors()[items]
        n_interests = self.config.n_interests
        products = [np.einsum("pd,pd->p", vectors[rows, which], item_vectors) for which in range(n_interests)]
        nearest = np.argmax(products, axis=0)
        counts = np.bincount(rows * n_interests + nearest, minlength=len(vectors) * n_interests)
        weights = counts.reshape(len(vectors), n_interests) / np.maximum(newest.lengths, 1)[:, None]
        return Interests(vectors, weights.astype(np.float32))

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The mean of a user's interests by weight, `[n, embedding_size]` float32, of length 1 if scores are cosines.

        One vector for those who want one; scores are of the interests.
        """
        found = self.interests(histories, users)
        means = np.einsum("nm,nmd->nd", found.weights, found.vectors)
        return prepared(means, "cosine") if self.config.scores_are_cosines else means

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The largest product of an item's vector with an interest, `[n, n_items]` float32; see `Retriever.scores`."""
        return scores_of_all(self.score_vectors(histories, users), self.item_vectors())
