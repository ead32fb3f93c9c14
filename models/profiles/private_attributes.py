"""What a profile says of a person that a shop has no business to infer: where they live, what they earn, who they are.

A language model that reads purchases is good at such guesses ("probably a woman in her thirties"), and a wrong one is
no better than a right one. Rules over small lists of words look for a claim about the person the profile is about, not
for the topic: "buys children's books" and "likes films about old age" say nothing of anyone. They are no proof of
absence; docs/profiles.md has their precision and recall on a written corpus.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, get_args

import polars as pl

from models.profiles.private_words import LANGUAGES, Language, PrivateKind, Says
from models.text.languages import detect_language, words_of

About = Literal["user", "item"]
KINDS: tuple[str, ...] = get_args(PrivateKind)
_SENTENCES = re.compile(
    r"[.;:!?\n]+(?:\s|$)|,\s+(?=and |but |und |et |y )|\s+(?:and|but)\s+(?=(?:is|has|lives|seems)\b)"
)
_GOES_ON = "(?:who|with|in|of|from|living|aged|mit|qui|que|con)"
_LOOKS_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_READ_APART = r"[ıİ\p{No}]"  # case and word characters on which polars and Python differ
_BETWEEN, _MOST_SMALL = 30, 4  # characters from a subject to what is said of it; small words before the attribute


def find_private_claims(text: str, language: str | None = None, about: About = "user") -> list[str]:
    """The kinds of private attributes that a text claims of a person.

    Args:
        text: Words of a profile.
        language: ISO 639-1 code of its language; `None` reads it off the text. All languages with a list are looked
            through where it has none, or where it cannot be told.
        about: In a `user` profile a sentence without a subject ("Lives in Leeds.") is about the user; in an `item`
            profile it is about the item, so that only what is said of a customer counts ("the buyer is elderly").

    Returns:
        Kinds, in the order of `KINDS`; empty where there is none.
    """
    spoken = language or detect_language(words_of(text))
    codes = [spoken] if spoken in LANGUAGES else LANGUAGES
    found = {kind for code in codes for kind in _claims(text, code, about)}
    return [kind for kind in KINDS if kind in found]


def suspects(texts: pl.Series) -> pl.Series:
    """Which texts may claim something: all in which `find_private_claims` finds a claim, and some others.

    A hundred times as fast, because polars goes through all texts at once with expressions that ask for a little less:
    nothing of what stands around an attribute, nor that it is a whole word.

    Args:
        texts: Strings.

    Returns:
        Booleans; null for a null.
    """
    found = texts.str.contains(_READ_APART)
    for code in LANGUAGES:
        found |= texts.str.contains(_any_loosely(code))
    return found


@cache
def _any_loosely(code: str) -> str:
    return "(?i)" + without_conditions("|".join(map(_attribute, LANGUAGES[code].kinds.values())))


def without_conditions(pattern: str) -> str:
    """A regular expression that matches wherever `pattern` does, in a dialect that looks nowhere but at what it reads.

    Args:
        pattern: Of the kind that the lists of words are made of: no `]` inside a set of characters.

    Returns:
        `pattern` without what must follow, precede or not, and without the edges of words.
    """
    kept, depth, left_out_from = [], 0, 0
    for part in re.findall(r"\\.|\[[^\]]*\]|\(\?<?[=!]|[\s\S]", pattern):
        depth += part.startswith("(") - (part == ")")
        if not left_out_from and part in _LOOKS_AROUND:
            left_out_from = depth
        elif not left_out_from and part != r"\b":
            kept.append(part)
        elif part == ")" and depth < left_out_from:
            left_out_from = 0
    return "".join(kept)


def _claims(text: str, code: str, about: About) -> set[str]:
    sentences = [part.strip() for part in _SENTENCES.split(text) if part.strip()]
    return {
        kind
        for kind, attribute, rule in _rules(code, about)
        if any(attribute.search(sentence) and rule.search(sentence) for sentence in sentences)
    }


@cache
def _rules(code: str, about: About) -> list[tuple[str, re.Pattern[str], re.Pattern[str]]]:
    """Kinds; what finds nothing in most texts, at a tenth of the cost of the rule; and the rule."""
    language = LANGUAGES[code]
    return [
        (kind, re.compile(_attribute(says), re.IGNORECASE), _rule(language, says, about))
        for kind, says in language.kinds.items()
    ]


def _attribute(says: Says) -> str:
    return "|".join(part for part in (says.is_, says.does) if part)


def _rule(language: Language, says: Says, about: About) -> re.Pattern[str]:
    """Three ways to claim: `subject is A`, `subject does B`, `an A customer`; and a sentence may begin with A."""
    nouns = language.customer if about == "item" else f"{language.customer}|{language.person}"
    people = nouns if about == "item" else f"{nouns}|{language.pronoun}"
    begin = rf"\b(?:{people})\b" if about == "item" else rf"(?:^|\b(?:{people})\b)"
    small, link = rf"(?:(?:{language.small})\s+){{0,{_MOST_SMALL}}}", rf"\b(?:{language.link})\b"
    gap = rf"(?:,?\s[^,]{{0,{_BETWEEN}}}?)??"
    ways = []
    if says.is_:
        ways += [
            rf"{begin}{gap}\s*(?:{link}\s+{small})+(?:{says.is_})",
            rf"(?:{says.is_})\s+(?:\w+\s+)?\b(?:{nouns})\b",
        ]
    if says.is_ and about == "user":
        ways.append(rf"^(?:{language.small}|{language.link}|\s)*\b(?:{says.is_})(?=\s+{_GOES_ON}\b)")
    if says.does:
        ways.append(rf"{begin}{gap}\s*(?:{link}\s+)*{small}\b(?:{says.does})")
    return re.compile("|".join(ways), re.IGNORECASE)
