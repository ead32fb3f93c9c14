"""What a language model is shown of a user: some of what they did under references of its own, and the rest counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models.profiles.digests import digest_of
from models.profiles.schema import Asked
from models.profiles.shown_items import REFERENCE_DIGITS


@dataclass(frozen=True)
class ShownEvent:
    """All that a user did with one item, as the model sees it.

    Attributes:
        event_id: The newest event of it; the model sees a reference such as `e3`.
        day: When that was.
        did: The weightiest kind of event, such as `purchase`.
        times: Events.
        item: The item's text, cut.
        value: What the newest event said in numbers, such as a rating; `None` where it said nothing.
        given_back: Whether it was returned; such an event supports no taste.
    """

    event_id: str
    day: date
    did: str
    times: int
    item: str
    value: float | None = None
    given_back: bool = False

    def data(self, reference: str) -> dict[str, Any]:
        """What stands in the prompt; what is ordinary is left out."""
        shown: dict[str, Any] = {"ref": reference, "day": str(self.day), "did": self.did, "item": self.item}
        if self.times > 1:
            shown["times"] = self.times
        if self.value is not None:
            shown["value"] = self.value
        if self.given_back:
            shown["given_back"] = True
        return shown


@dataclass(frozen=True)
class Proposition:
    """Something that is said of a user, with its evidence.

    Attributes:
        kind: `taste` or `dislike`.
        text: In words.
        event_ids: Events that support it, one for each item, the newest first.
        against_ids: Events that speak against it, likewise.
    """

    kind: str
    text: str
    event_ids: tuple[str, ...]
    against_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A user's words as an earlier day left them.

    Attributes:
        summary: In words.
        propositions: What stands, in the order of its references `p1`, `p2`.
        asked: Since when.
        backend: Who wrote them: `transformers` or `openai`.
        prompt_version: With which prompt.
        tokens_out: Tokens they took.
    """

    summary: str
    propositions: tuple[Proposition, ...]
    asked: Asked
    backend: str
    prompt_version: str
    tokens_out: int


@dataclass(frozen=True)
class ShownUser:
    """A user as the model sees one.

    Attributes:
        user_id: Who; the model sees `reference` instead.
        history: The whole history counted: events, days and the weightiest categories.
        events: Some of it, the oldest first.
        new_events: Of what came since the last question, likewise; empty where there was none.
        standing: The earlier profile that new events change; `None`: the whole history is read.
        languages: Those an answer may be in; empty where that is not known.
    """

    user_id: str
    history: Mapping[str, Any]
    events: tuple[ShownEvent, ...]
    new_events: tuple[ShownEvent, ...] = ()
    standing: Standing | None = None
    languages: frozenset[str] = field(default_factory=frozenset)

    @property
    def subject_id(self) -> str:
        """Under which its answer is kept during a run."""
        return self.user_id

    @property
    def reference(self) -> str:
        """What the answer has to repeat."""
        return user_reference(self.user_id)

    @property
    def data(self) -> dict[str, Any]:
        """What stands in a prompt about the whole history."""
        return {"user": self.reference, "history": self.history, "events": _shown(self.events)}

    @property
    def update_data(self) -> dict[str, Any]:
        """What stands in a prompt about what is new."""
        assert self.standing is not None
        standing = [
            {"ref": reference, "kind": said.kind, "text": said.text, "events": len(said.event_ids)}
            for reference, said in standing_references(self.standing.propositions).items()
        ]
        said = {"summary": self.standing.summary, "standing": standing}
        return {"user": self.reference, "history": self.history, **said, "events": _shown(self.new_events)}


def user_reference(user_id: str) -> str:
    """What a model sees in place of a user's id."""
    return digest_of("user", user_id)[:REFERENCE_DIGITS]


def event_references(events: tuple[ShownEvent, ...]) -> dict[str, ShownEvent]:
    """`e1`, `e2` and so on."""
    return {f"e{number}": event for number, event in enumerate(events, 1)}


def standing_references(propositions: tuple[Proposition, ...]) -> dict[str, Proposition]:
    """`p1`, `p2` and so on."""
    return {f"p{number}": said for number, said in enumerate(propositions, 1)}


def _shown(events: tuple[ShownEvent, ...]) -> list[dict[str, Any]]:
    return [event.data(reference) for reference, event in event_references(events).items()]
