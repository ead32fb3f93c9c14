"""A language model's words about a user: what of an answer is believed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.profiles.answers import Rejected, reject_other_language, reject_unsuitable, validated
from models.profiles.propositions import Operation, apply_operations
from models.profiles.schema import Line
from models.profiles.shown_users import Proposition, ShownUser, event_references


class SaidTaste(BaseModel):
    """A taste or a dislike in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Line = Field(description="What the user is drawn to, or away from.")
    events: list[str] = Field(max_length=100, description="References of the events that show it.")


class UserAnswer(BaseModel):
    """What a model says about a user whose whole history it was shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(description="The reference it was given.")
    summary: str = Field(min_length=1, max_length=1500, description="The user in a few sentences.")
    tastes: list[SaidTaste] = Field(max_length=20, description="What the user is drawn to.")
    dislikes: list[SaidTaste] = Field(max_length=20, description="What the user turns away from.")


class UserUpdate(BaseModel):
    """What a model says about a user whose profile stood and who did something since."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(description="The reference it was given.")
    summary: str = Field(min_length=1, max_length=1500, description="The user in a few sentences, as of now.")
    operations: list[Operation] = Field(max_length=30, description="What changes of the standing propositions.")


@dataclass(frozen=True)
class UserWords:
    """What is believed of an answer.

    Attributes:
        summary: The user in a few sentences.
        propositions: Tastes and dislikes with their evidence.
        dropped: Why each of what was left out was.
    """

    summary: str
    propositions: tuple[Proposition, ...]
    dropped: tuple[str, ...] = ()


def read_user_answer(value: Any, user: ShownUser, allowed: Collection[str] = ()) -> UserWords:
    """An answer about a whole history, held to the schema and to the events that were shown.

    A taste that cites an event that was not shown, or none that can support it, is dropped.

    Args:
        value: The JSON value.
        user: Who was asked about.
        allowed: Private attributes that it may claim, see `reject_unsuitable`.

    Raises:
        Rejected: It breaks the schema, is about another user, in another language, holds personal data, claims what
            is private, talks to a language model, or none of its tastes is supported.
    """
    answer = validated(UserAnswer, value)
    added = [_adding("taste", said) for said in answer.tastes] + [_adding("dislike", said) for said in answer.dislikes]
    return _believed(answer, user, (), added, user.events, allowed)


def read_user_update(value: Any, user: ShownUser, allowed: Collection[str] = ()) -> UserWords:
    """An answer about what is new, its operations done on what stood; see `read_user_answer`.

    Args:
        value: The JSON value.
        user: Who was asked about; `standing` is set.
        allowed: As there.

    Raises:
        Rejected: As there; where there are operations, and none of them can be done.
    """
    assert user.standing is not None
    answer = validated(UserUpdate, value)
    return _believed(answer, user, user.standing.propositions, answer.operations, user.new_events, allowed)


def _believed(
    answer: UserAnswer | UserUpdate,
    user: ShownUser,
    standing: tuple[Proposition, ...],
    operations: list[Operation],
    events: tuple[Any, ...],
    allowed: Collection[str],
) -> UserWords:
    if answer.user != user.reference:
        raise Rejected("it is about another user")
    said = list(_texts(answer.summary, operations))
    reject_unsuitable(said, "user", allowed)
    for text in (said[0], " ".join(said[1:])):  # a short summary is not outvoted by many names
        reject_other_language(text, user.languages)
    propositions, dropped = apply_operations(standing, operations, event_references(events))
    if operations and len(dropped) == len(operations):
        raise Rejected(f"none of its {len(dropped)} statements holds: {dropped[0]}")
    return UserWords(answer.summary, propositions, dropped)


def _adding(kind: Any, said: SaidTaste) -> Operation:
    return Operation(operation="ADDED", proposition="", kind=kind, statement=said.text, events=said.events)


def _texts(summary: str, operations: list[Operation]) -> Iterator[str]:
    """All it says, each alone and the summary first."""
    yield summary
    yield from (operation.statement for operation in operations if operation.statement)
