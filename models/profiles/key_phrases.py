"""The phrases that tell an item from the rest of its catalogue."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.profiles.config import ItemExtraction
from models.text.languages import FUNCTION_WORDS, UNKNOWN, detect_language, majority_language, words_of

_SEGMENT = re.compile(r"[.,;:!?()\[\]{}\"\u201c\u201d|/\n\u2022\u2013\u2014]+(?!\d)|\s-\s")
_MAX_PHRASE_CHARACTERS = 60  # scripts without spaces have no words to count
_MIN_ITEMS_FOR_SHARES = 20  # in a smaller catalogue a share of the items says nothing about a word
_UNSHARED_PENALTY = 0.6  # two words that stand together in one item only are rarely a term

Run = list[str]
"""Consecutive content words."""

Phrase = tuple[str, ...]
"""A candidate, word by word."""


@dataclass(frozen=True)
class ItemText:
    """What phrases are taken from.

    Attributes:
        title: Plain text.
        description: Plain text, one line per paragraph.
        brand: Brand name, whose words are no key phrase (it is an attribute of its own).
    """

    title: str
    description: str
    brand: str = ""


@dataclass(frozen=True)
class Extraction:
    """What was found in one item's text.

    Attributes:
        phrases: Key phrases with their scores, best first.
        language: ISO 639 code or `und`.
        n_words: Words read.
    """

    phrases: list[tuple[str, float]]
    language: str
    n_words: int


@dataclass(frozen=True)
class _Segmented:
    title: list[Run]
    description: list[Run]
    language: str
    n_words: int


def _segments(text: str) -> list[Run]:
    return [words for part in _SEGMENT.split(text) if part and (words := words_of(part))]


def _runs(segments: list[Run], blocked: frozenset[str]) -> Iterator[Run]:
    for words in segments:
        run: Run = []
        for word in words:
            if word in blocked:
                if run:
                    yield run
                run = []
            else:
                run.append(word)
        if run:
            yield run


def _is_content(phrase: Sequence[str]) -> bool:
    """A phrase starts and ends with a word, not a number or a letter: "3 piece set" is cut to "piece set"."""
    return all(len(word) > 1 and not word[0].isdigit() for word in (phrase[0], phrase[-1]))


def _phrases(run: Run, max_words: int) -> Iterator[Phrase]:
    for start in range(len(run)):
        for end in range(start + 1, min(start + max_words, len(run)) + 1):
            if _is_content(run[start:end]):
                yield tuple(run[start:end])


def _segmented(texts: Sequence[ItemText]) -> list[_Segmented]:
    """Every item's words, function words of its language removed; items of unknown language follow the majority."""
    read = [(_segments(text.title), _segments(text.description)) for text in texts]
    words = [[word for segment in title + description for word in segment] for title, description in read]
    languages = [detect_language(item) for item in words]
    majority = majority_language(languages)
    usual = "en" if majority == UNKNOWN else majority
    items = []
    for text, (title, description), language, item_words in zip(texts, read, languages, words, strict=True):
        grammar = FUNCTION_WORDS.get(usual if language == UNKNOWN else language, frozenset())
        blocked = grammar.union(words_of(text.brand))
        items.append(
            _Segmented(list(_runs(title, blocked)), list(_runs(description, blocked)), language, len(item_words))
        )
    return items


def _common_words(items: list[_Segmented], counts: Counter[str], max_share: float) -> frozenset[str]:
    if len(items) < _MIN_ITEMS_FOR_SHARES:
        return frozenset()
    return frozenset(word for word, count in counts.items() if count > max_share * len(items))


def _best(scores: dict[Phrase, float], limit: int) -> list[tuple[str, float]]:
    """The best phrases, none of which shares half its words or more with a better one."""
    chosen: list[tuple[str, float]] = []
    chosen_words: list[set[str]] = []
    for phrase, score in sorted(scores.items(), key=lambda pair: -pair[1]):  # stable: earlier in the text wins ties
        words = set(phrase)
        if any(2 * len(words & other) >= min(len(words), len(other)) for other in chosen_words):
            continue
        chosen.append((" ".join(phrase)[:_MAX_PHRASE_CHARACTERS].strip(), score))
        chosen_words.append(words)
        if len(chosen) == limit:
            break
    return chosen


def _frequencies(item: _Segmented, common: frozenset[str], config: ItemExtraction) -> dict[Phrase, float]:
    """Candidates of one item with their weighted number of mentions."""
    frequency: defaultdict[Phrase, float] = defaultdict(float)
    for runs, weight in ((item.title, config.title_weight), (item.description, 1.0)):
        for run in _runs(runs, common):
            for phrase in _phrases(run, config.max_phrase_words):
                frequency[phrase] += weight
    return frequency


def _scores(frequency: dict[Phrase, float], idf: dict[str, float], shared: Counter[Phrase]) -> dict[Phrase, float]:
    scores = {}
    penalty = _UNSHARED_PENALTY if shared else 1.0
    for phrase, mentions in frequency.items():
        mean_idf = sum(idf[word] for word in phrase) / len(phrase)
        score = math.log1p(mentions) * mean_idf * math.sqrt(len(phrase))
        scores[phrase] = round(score * (penalty if len(phrase) > 1 and shared[phrase] < 2 else 1.0), 6)
    return scores


def extract_key_phrases(texts: Sequence[ItemText], config: ItemExtraction | None = None) -> list[Extraction]:
    """Key phrases of every item of a catalogue.

    Candidates are runs of up to `max_phrase_words` content words between function words and punctuation, as in RAKE
    (Rose et al., "Automatic keyword extraction from individual documents", 2010). Instead of RAKE's degree over
    frequency a candidate `p` of `n` words scores `ln(1 + tf(p)) * mean idf(word) * sqrt(n)`, with
    `idf = ln((N + 1) / (df + 0.5))` over the catalogue and title mentions counted `title_weight` times; phrases of
    several words that no second item has are scored down. Words in more than `max_document_share` of the items are
    treated like function words, which also catches shop boilerplate and languages without a word list.

    Args:
        texts: One per item. The whole catalogue at once: an item's phrases depend on the others' words.
        config: See `ItemExtraction`.

    Returns:
        One `Extraction` per item, in order; no phrases where the text has no words.
    """
    config = config or ItemExtraction()
    items = _segmented(texts)
    counts: Counter[str] = Counter()
    for item in items:
        counts.update({word for run in item.title + item.description for word in run})
    common = _common_words(items, counts, config.max_document_share)
    idf = {word: math.log((len(items) + 1) / (count + 0.5)) for word, count in counts.items()}
    candidates = [_frequencies(item, common, config) for item in items]
    shared: Counter[Phrase] = Counter()
    if len(items) >= _MIN_ITEMS_FOR_SHARES:
        shared.update(phrase for frequency in candidates for phrase in frequency if len(phrase) > 1)
    return [
        Extraction(_best(_scores(frequency, idf, shared), config.max_key_phrases), item.language, item.n_words)
        for item, frequency in zip(items, candidates, strict=True)
    ]
