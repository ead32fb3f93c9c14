"""What training a sequential retriever takes, from its config and the sizes of the data alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.retrieval.data_shape import DataShape
from models.retrieval.memory import PREPARATION
from models.training.memory import full_logits, kept_weights, scoring_block, shared_logits

if TYPE_CHECKING:
    from models.sequential.sequence_retriever import SequenceRetriever

BYTES_OF_AN_INTERACTION = 12
"""Item and time on the device."""
BYTES_OF_A_PIECE = 80
"""Start and length, and what cutting and ordering the pieces holds for a while."""


def sequence_memory(retriever: SequenceRetriever, shape: DataShape) -> dict[str, int]:
    """See `Retriever.memory_parts`.

    The weights are counted on a network that is built without memory (torch's device `meta`); activations are what the
    network keeps for one position (`SequenceRetriever.activation_floats`) times the positions of a batch.
    """
    import torch

    config = retriever.config
    with torch.device("meta"):
        network = retriever.drawn_network(shape.n_items)
    n_weights = sum(weights.numel() for weights in network.parameters())
    length = min(config.max_length, max(shape.longest, 1))
    n_pieces = shape.n_users + shape.n_interactions // config.max_length
    n_positions = min(max(config.batch_tokens, length), max(shape.n_interactions, 1))
    of_batch = 4 * n_positions * retriever.activation_floats(length) + 4 * retriever.loss_floats(n_positions, shape)
    of_scoring = scoring_block(shape, config.n_validation_users)
    return kept_weights(config, n_weights, shape, retriever.checkpoint_folder is not None) | {
        "a batch": max(of_batch, of_scoring),
        "the interactions on the device": BYTES_OF_AN_INTERACTION * shape.n_interactions,
        PREPARATION: BYTES_OF_A_PIECE * n_pieces,
        "gradients of item vectors": 4 * config.embedding_size * shape.n_items,
    }


def next_item_floats(retriever: SequenceRetriever, n_positions: int, shape: DataShape) -> int:
    """Floats that the configured loss holds for a batch, see `models.training.losses.next_item_loss`."""
    config = retriever.config
    n_negatives = min(config.n_negatives, shape.n_items)
    vectors = 3 * (2 * n_positions + n_negatives) * config.embedding_size
    if config.loss != "softmax":
        return vectors + 5 * n_positions * n_negatives
    everything = config.n_negatives >= shape.n_items
    return vectors + (full_logits if everything else shared_logits)(n_positions, n_negatives)
