"""A text encoder without a model: signed feature hashing of words and their character trigrams."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from models.text.languages import FUNCTION_WORDS, words_of

_BLOCK_TEXTS = 4096  # bounds the dense word table to the words of one block
_TRIGRAM_WEIGHT = 0.3  # a word of six letters has as many points in its trigrams as in itself


def _bucket_and_sign(feature: str, dimensions: int) -> tuple[int, float]:
    digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "little")
    return (digest >> 1) % dimensions, 1.0 if digest & 1 else -1.0


def _word_vector(word: str, dimensions: int) -> np.ndarray:
    vector = np.zeros(dimensions, dtype=np.float32)
    bucket, sign = _bucket_and_sign(f"w:{word}", dimensions)
    vector[bucket] += sign
    marked = f"^{word}$"
    for start in range(len(marked) - 2):
        bucket, sign = _bucket_and_sign(f"t:{marked[start : start + 3]}", dimensions)
        vector[bucket] += sign * _TRIGRAM_WEIGHT
    return vector


def _features(text: str) -> Counter[str]:
    """Content words with their counts; a text without any (only emoji, only "the") falls back to all it has."""
    words = words_of(text)
    content = [word for word in words if word not in FUNCTION_WORDS["en"]]
    return Counter(content or words or text.split())


def _hash_block(texts: Sequence[str], dimensions: int) -> np.ndarray:
    from scipy.sparse import csr_matrix

    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    weights: list[float] = []
    offsets = [0]
    for text in texts:
        features = _features(text)
        columns.extend(vocabulary.setdefault(word, len(vocabulary)) for word in features)
        weights.extend(1.0 + np.log(count) for count in features.values())
        offsets.append(len(columns))
    table = np.stack([_word_vector(word, dimensions) for word in vocabulary])
    counts = csr_matrix((np.asarray(weights, dtype=np.float32), columns, offsets), (len(texts), len(vocabulary)))
    return np.asarray(counts @ table, dtype=np.float32)


def hash_texts(texts: Sequence[str], dimensions: int = 256) -> np.ndarray:
    """Hash texts to unit-norm vectors, the same on every machine and in every process.

    A text's vector is the sum over its distinct words `w` of `(1 + ln tf(w)) * h(w)`, where `h(w)` adds the word's own
    signed bucket and, more lightly, those of its character trigrams, so that "mug" and "mugs" come out close.
    English function words are left out. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
    ICML 2009, equation 1, with trigrams and logarithmic counts added.

    Args:
        texts: `[n]` texts, none of them blank.
        dimensions: Length of a vector, at least 2.

    Returns:
        `[n, dimensions]` float32, rows of norm 1.
    """
    vectors = np.zeros((len(texts), dimensions), dtype=np.float32)
    for start in range(0, len(texts), _BLOCK_TEXTS):
        vectors[start : start + _BLOCK_TEXTS] = _hash_block(texts[start : start + _BLOCK_TEXTS], dimensions)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    for row in np.flatnonzero(
        norms[:, 0] < 1e-6
    ).tolist():  # buckets cancelled out: one bucket stands for the whole text
        bucket, sign = _bucket_and_sign(texts[row], dimensions)
        vectors[row, bucket], norms[row] = sign, 1.0
    return vectors / norms
