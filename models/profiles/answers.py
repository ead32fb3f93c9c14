"""What the answers about items and about users have in common: their form, where they come from, why one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

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
        first = error.errors(include_url=False, include_input=False)[0]
        raise Rejected(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


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
