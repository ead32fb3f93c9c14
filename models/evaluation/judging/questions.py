"""What a judge is asked about one person's lists, without saying whose lists they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.text.generation.request import GenerationRequest
from models.text.hostile import hostile_kind

PROMPTS = Path(__file__).parent / "prompts"
PAIRWISE, POINTWISE = "pairwise-1", "pointwise-1"
FIRST, SECOND, NEITHER = "first", "second", "neither"
WITHHELD = "(withheld)"
NOBODY = "Nothing is known of this person."
LONGEST_TITLE, LONGEST_PERSON = 160, 2000
ANSWER_TOKENS = 32

PAIRWISE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"better": {"enum": [FIRST, SECOND, NEITHER]}},
    "required": ["better"],
    "additionalProperties": False,
}
POINTWISE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"fit": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["fit"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Person:
    """Somebody whose lists are judged.

    Attributes:
        user_id: Who; never shown to the judge.
        profile: What is known of their tastes, in words.
        lists: Model -> titles of its list, best first.
    """

    user_id: str
    profile: str
    lists: Mapping[str, Sequence[str]]


@cache
def instructions(version: str) -> str:
    """What the judge is told, the same for everybody."""
    return (PROMPTS / f"{version}.system.txt").read_text(encoding="utf-8").strip()


def shown(text: str, longest: int = LONGEST_TITLE) -> str:
    """A title or a profile as the judge sees it: cut, and withheld where it talks to a language model.

    One list's title could otherwise decide the judgement, whatever the lists hold.
    """
    return WITHHELD if hostile_kind(text) else text[:longest]


def n_withheld(person: Person, models: Sequence[str]) -> int:
    """Titles of some models' lists that the judge does not see."""
    return sum(hostile_kind(title) is not None for model in models for title in person.lists[model])


def pairwise(person: Person, first: str, second: str, known: bool = True) -> GenerationRequest:
    """Which of two models' lists fits the person better?

    Args:
        person: Whose lists.
        first: The model whose list is called first.
        second: The other one.
        known: Without it nothing is said of the person: what the judge then prefers, it prefers for anybody.
    """
    data = {
        "person": shown(person.profile, LONGEST_PERSON) if known else NOBODY,
        FIRST: [shown(title) for title in person.lists[first]],
        SECOND: [shown(title) for title in person.lists[second]],
    }
    return _request(PAIRWISE, data, PAIRWISE_SCHEMA)


def pointwise(person: Person, model: str, backwards: bool = False) -> GenerationRequest:
    """How well does one model's list fit the person?

    Args:
        person: Whose list.
        model: Which.
        backwards: The list from its end: an answer that depends on the order is not sure.
    """
    titles = [shown(title) for title in person.lists[model]]
    data = {"person": shown(person.profile, LONGEST_PERSON), "list": titles[::-1] if backwards else titles}
    return _request(POINTWISE, data, POINTWISE_SCHEMA)


def _request(version: str, data: Mapping[str, Any], schema: Mapping[str, Any]) -> GenerationRequest:
    text = json.dumps(data, ensure_ascii=False)
    return GenerationRequest(text, instructions(version), schema, max_tokens=ANSWER_TOKENS)
