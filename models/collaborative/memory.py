"""What retrievers that learn from the graph as a whole take, from config and the sizes of the data alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES
from models.retrieval.memory import PREPARATION

if TYPE_CHECKING:
    from models.collaborative.embedding_config import EmbeddingConfig
    from models.collaborative.embedding_retriever import EmbeddingRetriever

PAIR_BYTES = 32
"""A pair's user and item as int64 on the device, its place in the epoch's order, and what draws that."""


def embedding_memory(retriever: EmbeddingRetriever, shape: DataShape) -> dict[str, int]:
    """See `Retriever.memory_parts`: vectors of all users and items, a batch of pairs, the graph."""
    from models.training.memory import kept_weights, scoring_block

    config = retriever.config
    size, n_vectors = config.embedding_size, shape.n_users + shape.n_items
    n_pairs = min(config.batch_tokens, max(shape.n_interactions, 1))
    text_size = 0 if retriever.features is None else retriever.features.text.shape[1]
    weights = kept_weights(config, n_vectors * size, shape, retriever.checkpoint_folder is not None)
    return weights | {
        "a batch": 4 * retriever.loss_floats(n_pairs),
        "the network": 4 * retriever.network_floats(shape),
        "texts to be near to": 8 * n_vectors * text_size,
        "vectors to keep and to fold in": 4 * 4 * n_vectors * size + scoring_block(shape, config.n_validation_users),
        "the pairs on the device": PAIR_BYTES * shape.n_interactions,
        PREPARATION: MATRIX_BYTES * shape.n_interactions,
    }


def pair_loss_floats(config: EmbeddingConfig, n_pairs: int) -> int:
    """Numbers that the configured loss of a batch holds, see `models.collaborative.pair_loss`."""
    from models.training.memory import shared_logits

    size, n_negatives = config.embedding_size, config.n_negatives
    if config.loss in ("sampled_softmax", "in_batch_softmax"):
        return shared_logits(n_pairs, n_negatives) + 6 * n_pairs * size
    if config.loss == "bpr":
        return n_pairs * n_negatives * (3 * size + 4) + 4 * n_pairs * size
    if config.loss == "directau":
        return 8 * n_pairs * n_pairs + 6 * n_pairs * size
    return weighted_scores(n_pairs, n_negatives, size)


def weighted_scores(n_pairs: int, n_negatives: int, size: int) -> int:
    """Numbers held by a loss that weighs every pair's scores of shared negatives, for vectors of some size."""
    return 6 * n_pairs * n_negatives + 6 * n_pairs * size


def graph_floats(shape: DataShape) -> int:
    """A graph in both directions, in torch and in SciPy: a place of 8 bytes and a weight of 4 for each."""
    return 2 * 2 * 3 * shape.n_interactions
