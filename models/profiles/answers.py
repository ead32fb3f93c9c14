"""What the answers about items and about users have in common: their form, where they come from, why one is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from models.profiles.personal_data import find_personal_data
from models.profiles.private_attributes import About, find_private_claims
from models.profiles.schema import first_fault
from models.text.hostile import hostile_kind
from models.text.languages import foreign_language, words_of

Answer = TypeVar("Answer", bound=BaseModel)
_WORDS = ("text", "name", "value", "basis")  # fields without which a claim says nothing


class Rejected(Exception):
    """An answer that cannot be a profile; says why in one line."""


@dataclass(frozen=True)
class Source:
    """Where an answer comes from.

    Attributes:
        backend: `transformers` or `openai`.
        prompt_version: See `Prompt.version`.
        key: The question's key, which holds prompt, shown text, model and parameters.
        tokens_in: Tokens read for this item or user.
        tokens_out: Tokens written.
    """

    backend: str
    prompt_version: str
    key: str
    tokens_in: int
    tokens_out: int


def validated(schema: type[Answer], value: Any) -> Answer:
    """A JSON value as an answer, its text tidied.

    Raises:
        Rejected: It breaks the schema.
    """
    try:
        return schema.model_validate(_tidy(value))
    except ValidationError as error:
        raise Rejected(first_fault(error)) from None


def reject_other_language(said: str, expected: frozenset[str]) -> None:
    """Refuse an answer that is surely in a language nobody would expect.

    Args:
        said: All its words.
        expected: Languages it may be in; empty where none is known, and anything goes.

    Raises:
        Rejected: It is in another one. What gives no language away, such as three nouns, passes.
    """
    if spoken := foreign_language(words_of(said), expected):
        raise Rejected(f"it is in another language ({spoken} instead of {' or '.join(sorted(expected))})")


def reject_unsuitable(texts: Iterable[str], about: About, allowed: Collection[str]) -> None:
    """Refuse words that must stand in no profile.

    Args:
        texts: What an answer says, each alone.
        about: Whose profile they are for, see `find_private_claims`.
        allowed: Private attributes that they may claim.

    Raises:
        Rejected: They hold personal data, talk to a language model, or claim what is private.
    """
    for text in texts:
        if kinds := find_personal_data(text):
            raise Rejected(f"it holds personal data ({', '.join(kinds)})")
        if kind := hostile_kind(text):
            raise Rejected(f"it talks to a language model ({kind})")
        if kinds := [kind for kind in find_private_claims(text, about=about) if kind not in allowed]:
            raise Rejected(f"it claims what is private ({', '.join(kinds)})")


def _tidy(value: Any) -> Any:
    """Printable text in single spaces; claims without words are nothing."""
    if isinstance(value, str):
        return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    if isinstance(value, dict):
        return {name: _tidy(inner) for name, inner in value.items()}
    if isinstance(value, list):
        tidied = [_tidy(inner) for inner in value]
        return [one for one in tidied if not (isinstance(one, dict) and any(one.get(name) == "" for name in _WORDS))]
    return value
