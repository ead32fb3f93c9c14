"""Which item of a history speaks most for another, by the angle between their vectors."""

from __future__ import annotations

import numpy as np


def nearest_of_history(vectors: np.ndarray, history: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The history item whose vector has the largest cosine with each item's; the newest on a tie.

    Args:
        vectors: `[n_items, D]` of the whole vocabulary.
        history: Item indices, oldest first.
        items: Item indices.

    Returns:
        `[len(items)]` int32; -1 without a history.
    """
    if not len(history):
        return np.full(len(items), -1, dtype=np.int32)
    newest_first = history[::-1]
    seen = vectors[newest_first]
    seen = seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-12)
    return newest_first[(seen @ vectors[items].T).argmax(axis=0)].astype(np.int32)
