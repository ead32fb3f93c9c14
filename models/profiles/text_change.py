"""How much of a text changed."""

from __future__ import annotations

from models.text.languages import words_of


def text_change(before: str, after: str) -> float:
    """Share of the words and pairs of neighbouring words that only one of two texts has: 1 - Jaccard.

    This is one minus the resemblance of Broder 1997 ("On the resemblance and containment of documents") over shingles
    of one and of two words. Each counts once, however often it stands; case and punctuation do not count.

    Args:
        before: A text.
        after: Another.

    Returns:
        0 for texts of the same words in the same order, also for two without words; 1 where nothing is shared.
    """
    one, other = _shingles(before), _shingles(after)
    together = len(one | other)
    return 1 - len(one & other) / together if together else 0.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {(word,) for word in words} | set(zip(words, words[1:], strict=False))
