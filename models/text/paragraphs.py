"""Texts of several paragraphs, each encoded by itself: more than an encoder reads, and known texts put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

BLANK_LINE = "\n\n"
"""Between two paragraphs."""


def encode_paragraphs(texts: Sequence[str], encode: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """A vector of each text: the mean of its paragraphs', scaled to length 1.

    Args:
        texts: `[n]`, at least one; a text without a blank line is one paragraph.
        encode: Gives unit vectors `[m, d]` of distinct paragraphs.

    Returns:
        `[n, d]` float32 unit vectors; of one paragraph its own, bit for bit. Where paragraphs cancel out, that of the
        first.
    """
    split = [text.split(BLANK_LINE) for text in texts]
    row_of = {part: row for row, part in enumerate(dict.fromkeys(part for parts in split for part in parts))}
    vectors = encode(list(row_of))
    return np.stack([_mean(vectors[[row_of[part] for part in parts]]) for parts in split])


def _mean(vectors: np.ndarray) -> np.ndarray:
    if len(vectors) == 1:
        return vectors[0]
    mean = vectors.mean(axis=0)
    length = np.linalg.norm(mean)
    return mean / length if length > 0 else vectors[0]
