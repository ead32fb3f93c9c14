"""Short summaries of items, taken from their own text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SENTENCE_END = re.compile(r"(?<=[.!?\u3002])\s+|\n+")
_MIN_SENTENCE_CHARACTERS = 15
_MAX_SENTENCES_READ = 200  # a description of 20,000 characters has no more sentences worth quoting


def shortened(text: str, max_characters: int) -> str:
    """`text` cut at a word boundary and marked with an ellipsis where it is longer than `max_characters`."""
    if len(text) <= max_characters:
        return text
    cut = text[: max_characters - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > max_characters // 2 else cut).rstrip(" ,;:-") + "\u2026"


def best_sentences(text: str, phrases: Sequence[tuple[str, float]], limit: int) -> list[str]:
    """The sentences that say most about an item, in the order of the text.

    Args:
        text: Plain text, one line per paragraph.
        phrases: Key phrases with their scores; a sentence is worth the sum over those it contains.
        limit: Sentences to return.

    Returns:
        At most `limit` sentences; earlier ones win ties, so a text without key phrases gives its beginning.
    """
    sentences = [part.strip() for part in _SENTENCE_END.split(text)[:_MAX_SENTENCES_READ]]
    worth = []
    for position, sentence in enumerate(sentences):
        if len(sentence) < _MIN_SENTENCE_CHARACTERS and position > 0:
            continue
        lowered = sentence.lower()
        worth.append((-sum(score for phrase, score in phrases if phrase in lowered), position))
    chosen = sorted(position for _, position in sorted(worth)[:limit])
    return [sentences[position] for position in chosen if sentences[position]]


def item_summary(
    title: str,
    description: str,
    brand: str,
    path: Sequence[str],
    phrases: Sequence[tuple[str, float]],
    max_sentences: int,
    max_characters: int,
) -> str:
    """One to three sentences on an item; never empty.

    Args:
        title: Plain text, may be empty.
        description: Plain text, may be empty.
        brand: Brand, may be empty; named where the title does not.
        path: Category path, widest first; the fallback where an item has no text at all.
        phrases: Key phrases with scores, for choosing sentences.
        max_sentences: Sentences taken from the description.
        max_characters: Longest summary.
    """
    name = title
    if title and brand and brand.lower() not in title.lower():
        name = f"{title} by {brand}"
    if name and not name.endswith((".", "!", "?")):
        name += "."
    parts = [name, *best_sentences(description, phrases, max_sentences)]
    summary = " ".join(part for part in parts if part)
    if not summary:
        summary = f"An item in {' > '.join(path)}." if path else "An item without a description."
    return shortened(summary, max_characters)
