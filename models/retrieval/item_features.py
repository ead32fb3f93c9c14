"""What is known of items besides who touched them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ItemFeatures:
    """Text and attributes of every item of a vocabulary, in its order.

    Attributes:
        text: `[n_items, text_size]` float32; 0 for an item without text.
        tokens: `[n_items, n_places]` int32, attributes by number, -1 for none: each value of each attribute has a
            number of its own, so that equal names of different attributes do not meet.
        n_tokens: How many numbers there are.
    """

    text: np.ndarray
    tokens: np.ndarray
    n_tokens: int

    def __post_init__(self) -> None:
        if len(self.text) != len(self.tokens):
            raise ValueError(f"text of {len(self.text)} items, attributes of {len(self.tokens)}")
        if not np.isfinite(self.text).all():
            bad = np.flatnonzero(~np.isfinite(self.text).all(axis=1))
            raise ValueError(f"text vectors of {len(bad)} items are not finite, the first at place {bad[0]}")

    @property
    def n_items(self) -> int:
        """Size of the vocabulary."""
        return len(self.text)

    def digest(self) -> str:
        """SHA-256 of texts and attributes."""
        found = hashlib.sha256(np.ascontiguousarray(self.text).tobytes())
        found.update(np.ascontiguousarray(self.tokens).tobytes())
        return found.hexdigest()


def features_of(name: str, features: ItemFeatures | None, n_items: int) -> ItemFeatures:
    """The features that a retriever was given, made sure of.

    Args:
        name: The retriever.
        features: What `describe_items` was given, `None` where it was not called.
        n_items: Size of the vocabulary it is fitted on.

    Raises:
        ValueError: They are missing, or of another vocabulary.
    """
    if features is None or features.n_items != n_items:
        found = "none" if features is None else f"those of {features.n_items}"
        raise ValueError(f"{name} needs the features of {n_items} items, found {found}")
    return features


def attribute_tokens(attributes: Sequence[Sequence[tuple[str, str]]], min_items: int = 2) -> tuple[np.ndarray, int]:
    """Number the attributes of items.

    Args:
        attributes: For each item pairs of name and value, such as `("brand", "Acme")`.
        min_items: A pair that fewer items have tells nothing of others and is left out.

    Returns:
        `tokens` and `n_tokens` of `ItemFeatures`; at least one place and one number.
    """
    counts: dict[tuple[str, str], int] = {}
    for pairs in attributes:
        for pair in dict.fromkeys(pairs):
            counts[pair] = counts.get(pair, 0) + 1
    kept = sorted(pair for pair, count in counts.items() if count >= min_items)
    number = {pair: place for place, pair in enumerate(kept)}
    rows = [[number[pair] for pair in dict.fromkeys(pairs) if pair in number] for pairs in attributes]
    width = max([1, *(len(row) for row in rows)])
    tokens = np.full((len(rows), width), -1, dtype=np.int32)
    for place, row in enumerate(rows):
        tokens[place, : len(row)] = row
    return tokens, max(1, len(kept))
