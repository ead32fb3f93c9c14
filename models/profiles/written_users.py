"""Rows of `user_profiles` with a language model's words: summary, topics and dislikes; all else is the rules'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from models.profiles.config import UserExtraction
from models.profiles.digests import digest_of
from models.profiles.schema import Asked, Taste, UserProfile
from models.profiles.shown_users import Proposition, Standing
from models.profiles.supported_words import CITED, support_of


@dataclass(frozen=True)
class WrittenUser:
    """What a row of a user takes from a model.

    Attributes:
        summary: In words.
        propositions: Tastes and dislikes with the events cited.
        asked: Since when they stand.
        backend: `transformers` or `openai`.
        prompt_version: See `Prompt.version`.
        tokens_in: Tokens read for them; 0 for words of an earlier day.
        tokens_out: Tokens written.
    """

    summary: str
    propositions: tuple[Proposition, ...]
    asked: Asked
    backend: str
    prompt_version: str
    tokens_in: int
    tokens_out: int


def standing_of(row: Mapping[str, Any]) -> Standing | None:
    """What an earlier row of `user_profiles` says; `None` where no model wrote it."""
    profile = UserProfile.model_validate_json(row["profile"])
    if profile.asked is None:
        return None
    said = [_proposition("taste", taste) for taste in profile.long_term if taste.kind == "topic"]
    said += [_proposition("dislike", taste) for taste in profile.dislikes]
    words = (profile.summary, tuple(said), profile.asked)
    return Standing(*words, row["backend"], row["prompt_version"], row["n_tokens_out"])


def from_standing(standing: Standing) -> WrittenUser:
    """Words of an earlier day that stand."""
    source = (standing.asked, standing.backend, standing.prompt_version)
    return WrittenUser(standing.summary, standing.propositions, *source, 0, standing.tokens_out)


def with_words(
    rows: Iterable[Mapping[str, Any]], written: Mapping[str, WrittenUser], events: pl.DataFrame, config: UserExtraction
) -> list[dict[str, Any]]:
    """The extractive rows of some users, those the model wrote about with its words.

    A taste or dislike is left out where nothing supports it any more, or more events speak against it than for it.

    Args:
        rows: Extractive rows.
        written: User -> the model's words.
        events: All events of these users; see `support_of`.
        config: How support is counted.
    """
    cited = [
        (user, place, against, against == (said.kind == "dislike"), event)
        for user, words in written.items()
        for place, said in enumerate(words.propositions)
        for against, ids in ((False, said.event_ids), (True, said.against_ids))
        for event in ids
    ]
    support: dict[str, dict[int, dict[str, Any]]] = {}
    for found in support_of(pl.DataFrame(cited, CITED, orient="row"), events, config).iter_rows(named=True):
        support.setdefault(found["user_id"], {})[found["place"]] = found
    made = []
    for row in rows:
        words = written.get(row["user_id"])
        made.append(_row(row, words, support.get(row["user_id"], {})) if words else dict(row))
    return made


def _row(row: Mapping[str, Any], words: WrittenUser, support: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    base = UserProfile.model_validate_json(row["profile"])
    tastes: list[Taste] = []
    current: list[Taste] = []
    dislikes: list[Taste] = []
    for place, said in enumerate(words.propositions):
        found = support.get(place)
        if found is None or found["n_against"] > found["n"]:
            continue
        (dislikes if said.kind == "dislike" else tastes).append(_taste(said, found, ""))
        if said.kind == "taste" and found["current_event_ids"]:
            current.append(_taste(said, found, "current_"))
    profile = base.model_copy(
        update={
            "summary": words.summary,
            "long_term": [*base.long_term, *_ranked(tastes)],
            "current": [*base.current, *_ranked(current)],
            "dislikes": _ranked(dislikes),
            "asked": words.asked,
        }
    )
    text = profile.model_dump_json(exclude_defaults=True)
    return {
        **row,
        "prompt_version": words.prompt_version,
        "backend": words.backend,
        "input_digest": digest_of(words.prompt_version, row["input_digest"], text),
        "profile": text,
        "summary": words.summary,
        "n_tokens_in": words.tokens_in,
        "n_tokens_out": words.tokens_out or len(words.summary.split()),
    }


def _taste(said: Proposition, found: Mapping[str, Any], when: str) -> Taste:
    return Taste(
        kind="topic",
        text=said.text,
        strength=found[f"{when}strength"],
        confidence=found[f"{when}confidence"],
        event_ids=found[f"{when}event_ids"],
        against_event_ids=[] if when else found["against_event_ids"],
    )


def _ranked(tastes: Sequence[Taste]) -> list[Taste]:
    """The best supported first, as the rules rank theirs."""
    return sorted(tastes, key=lambda taste: (-round(taste.strength * taste.confidence, 6), taste.text))


def _proposition(kind: str, taste: Taste) -> Proposition:
    return Proposition(kind, taste.text, tuple(taste.event_ids), tuple(taste.against_event_ids))
