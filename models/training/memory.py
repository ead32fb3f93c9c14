"""What a training run takes for weights, logits and validation, in bytes or floats; the sums are made by the models."""

from __future__ import annotations

from models.retrieval.data_shape import DataShape
from models.training.config import TrainingConfig
from models.training.losses import CHUNK_LOGITS
from models.training.shared_softmax import CHUNK_ELEMENTS
from models.training.validation import BLOCK_BYTES, BLOCK_USERS

FLOAT_BYTES = 4


def kept_weights(config: TrainingConfig, n_weights: int, shape: DataShape, with_checkpoints: bool) -> dict[str, int]:
    """Everything that is as large as the weights: themselves, gradients, AdamW's moments, copies.

    Args:
        config: Whether a moving average is kept.
        n_weights: Trained numbers of the network.
        shape: Whether there is a validation, and so a best epoch.
        with_checkpoints: Whether the state is written after each epoch, from one copy of all of it.
    """
    n_bytes = FLOAT_BYTES * n_weights
    n_copies = bool(shape.n_validation) + bool(config.averaging)
    return {
        "weights": n_bytes,
        "their gradients": n_bytes,
        "AdamW's moments": 2 * n_bytes,
        "the best epoch's copy": n_bytes if shape.n_validation else 0,
        "the moving average": n_bytes if config.averaging else 0,
        "writing a checkpoint": (3 + n_copies) * n_bytes if with_checkpoints else 0,
    }


def scoring_block(shape: DataShape, n_users: int) -> int:
    """Bytes while a block of validation users is ranked: scores, and half as much to make them and find the highest."""
    if not shape.n_validation:
        return 0
    n_scores = min(BLOCK_USERS, n_users, shape.n_users) * shape.n_items
    return 3 * min(BLOCK_BYTES, FLOAT_BYTES * n_scores) // 2


def shared_logits(n_positions: int, n_negatives: int) -> int:
    """Floats of a softmax over shared negatives, in chunks."""
    return 4 * min(n_positions * n_negatives, max(CHUNK_ELEMENTS, n_negatives))


def full_logits(n_positions: int, n_items: int) -> int:
    """Floats of a softmax over the catalogue, in chunks: logits, shares and gradients, some twice."""
    return 5 * min(n_positions * n_items, max(CHUNK_LOGITS, n_items))
