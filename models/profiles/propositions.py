"""A profile that new events change: propositions that are added, strengthened, weakened and retired.

Propositions about a person are those of GUM (Shaikh et al. 2025, "Creating General User Models from Computer Use"); a
profile made from the one before and what happened since is MLLM-MSR's (Ye et al. 2024, "Harnessing Multimodal Large
Language Models for Multimodal Sequential Recommendation"). Unlike in both, the model only names operations and cites
events: what they do, and how sure a proposition is, follows from rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.profiles.schema import MOST_EVENTS
from models.profiles.shown_users import Proposition, ShownEvent, standing_references

MOST_STANDING = 30
"""Propositions that one profile holds."""


class Operation(BaseModel):
    """What is to be done to one proposition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Literal["ADDED", "STRENGTHENED", "WEAKENED", "RETIRED"] = Field(description="What is done.")
    proposition: str = Field(max_length=40, description="Reference of a standing one; empty for ADDED.")
    kind: Literal["taste", "dislike"] = Field(description="What an added one is.")
    statement: str = Field(max_length=400, description="What an added one says; empty otherwise.")
    events: list[str] = Field(max_length=100, description="References of the events it follows from.")


class _Invalid(Exception):
    """An operation that cannot be done; says why in a few words that are the same for all of its kind."""


def apply_operations(
    standing: Sequence[Proposition], operations: Iterable[Operation], events: Mapping[str, ShownEvent]
) -> tuple[tuple[Proposition, ...], tuple[str, ...]]:
    """Do what can be done, one operation after the other.

    - `ADDED`: a new proposition of some words, supported by at least one of the shown events.
    - `STRENGTHENED`: the cited events join the support of a standing one.
    - `WEAKENED`: they join what speaks against it.
    - `RETIRED`: it stands no longer; no event need be cited.

    An operation is left out, and its reason told, when it cites an event or a proposition that was not shown, has no
    event where it needs one, repeats a proposition that stands, or is the second about the same one. What was given
    back supports no taste.

    Args:
        standing: Propositions in the order of their references `p1`, `p2`; added ones come after them.
        operations: As the model named them.
        events: Reference -> what was shown.

    Returns:
        The propositions that stand now, and the reasons of what was left out.
    """
    stands = standing_references(tuple(standing))
    added: list[Proposition] = []
    touched: set[str] = set()
    reasons: list[str] = []
    for operation in operations:
        try:
            if operation.operation == "ADDED":
                added.append(_added(operation, [*stands.values(), *added], events))
            else:
                _changed(operation, stands, touched, events)
        except _Invalid as invalid:
            reasons.append(str(invalid))
    return (*stands.values(), *added), tuple(reasons)


def _added(operation: Operation, stand: list[Proposition], events: Mapping[str, ShownEvent]) -> Proposition:
    words = operation.statement
    if not words:
        raise _Invalid("it says nothing")
    if any((said.kind, said.text.casefold()) == (operation.kind, words.casefold()) for said in stand):
        raise _Invalid("it stands already")
    if len(stand) >= MOST_STANDING:
        raise _Invalid("too many stand already")
    return Proposition(operation.kind, words, _cited(operation, operation.kind == "taste", events))


def _changed(
    operation: Operation, stands: dict[str, Proposition], touched: set[str], events: Mapping[str, ShownEvent]
) -> None:
    name = operation.proposition
    if name in touched:
        raise _Invalid("a second operation on the same proposition")
    if name not in stands:
        raise _Invalid("it names a proposition that was not shown")
    said = stands[name]
    if operation.operation == "RETIRED":
        _cited(operation, False, events, least=0)
        del stands[name]
    elif operation.operation == "STRENGTHENED":
        cited = _cited(operation, said.kind == "taste", events)
        stands[name] = Proposition(said.kind, said.text, _joined(cited, said.event_ids), said.against_ids)
    else:
        cited = _cited(operation, said.kind == "dislike", events)
        stands[name] = Proposition(said.kind, said.text, said.event_ids, _joined(cited, said.against_ids))
    touched.add(name)


def _cited(operation: Operation, kept_only: bool, events: Mapping[str, ShownEvent], least: int = 1) -> tuple[str, ...]:
    """Ids of the cited events, the newest first; those given back count only where they can say something."""
    if not set(operation.events) <= set(events):
        raise _Invalid("it cites an event that was not shown")
    cited = [events[name] for name in dict.fromkeys(operation.events)]
    telling = [event for event in cited if not (kept_only and event.given_back)]
    if len(telling) < least:
        raise _Invalid("it cites only what was given back" if cited else "it cites no event")
    return tuple(event.event_id for event in sorted(telling, key=lambda event: event.day, reverse=True))[:MOST_EVENTS]


def _joined(new: tuple[str, ...], old: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*new, *old)))[:MOST_EVENTS]
