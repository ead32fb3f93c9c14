"""A language model's words about an item: what of an answer is believed, and how they become its profile."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from models.profiles.answers import Rejected, Source, reject_other_language, reject_unsuitable, validated
from models.profiles.digests import digest_of
from models.profiles.private_attributes import find_private_claims
from models.profiles.schema import Attribute, Claim, ItemProfile
from models.profiles.shown_items import ShownItem
from models.text.languages import SMALL_WORDS, words_of

_FACTS = {"item_id", "title", "category_path", "price_band", "recency", "available_since", "language"}
CLAIMS = ("audience", "key_phrases", "style_words", "occasions", "substitutes", "complements")
Said = TypeVar("Said", Claim, Attribute)


class ItemAnswer(BaseModel):
    """What a model says about an item; what the shop knows better is not asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: str = Field(description="The reference it was given.")
    summary: str = Field(min_length=1, max_length=1500, description="What the item is.")
    audience: list[Claim] = Field(max_length=20, description="Who the item is for.")
    attributes: list[Attribute] = Field(max_length=20, description="Named properties.")
    key_phrases: list[Claim] = Field(max_length=20, description="The phrases that tell it from others.")
    style_words: list[Claim] = Field(max_length=20, description="Words for its style and mood.")
    occasions: list[Claim] = Field(max_length=20, description="When or for what it is used or given.")
    substitutes: list[Claim] = Field(max_length=20, description="What one would take instead.")
    complements: list[Claim] = Field(max_length=20, description="What one would take with it.")


def read_item_answer(value: Any, item: ShownItem, allowed: Collection[str] = ()) -> ItemAnswer:
    """An answer held to the schema and to the item's text.

    Claims without words are dropped, and what the item's text does not say counts as inferred.

    Args:
        value: The JSON value.
        item: What was asked about.
        allowed: Private attributes that it may claim of a customer.

    Raises:
        Rejected: It breaks the schema, is about another item, is in a language that neither the item's text nor the
            shop speaks, holds personal data, talks to a language model, or claims something private of a customer that
            the item's own text does not say.
    """
    answer = validated(ItemAnswer, value)
    if answer.item != item.reference:
        raise Rejected("it is about another item")
    reject_other_language(" ".join(_added_words(answer, item)), item.languages)
    permitted = {*allowed, *find_private_claims(item.text, about="item")}
    reject_unsuitable(_texts(answer), "item", permitted)
    return honest(answer, item)


def honest(answer: ItemAnswer, item: ShownItem) -> ItemAnswer:
    """The answer with every claim as inferred whose words are not all in the item's text."""
    known = _parts(words_of(item.text))
    lists: dict[str, Any] = {
        name: [_judged(said, said.text, known) for said in getattr(answer, name)] for name in CLAIMS
    }
    lists["attributes"] = [_judged(said, said.value, known) for said in answer.attributes]
    return answer.model_copy(update=lists)


def with_answer(row: Mapping[str, Any], answer: ItemAnswer, source: Source) -> dict[str, Any]:
    """The row of `item_profiles` with the model's words in place of the rules'; facts stay.

    Args:
        row: The extractive row of the item.
        answer: See `read_item_answer`.
        source: Where it comes from.
    """
    facts = ItemProfile.model_validate_json(row["profile"])
    named = [said for said in answer.attributes if said.name.casefold() != "brand"]
    brand = [said for said in facts.attributes if said.name == "brand"]
    summary = answer.summary
    if facts.title.casefold() not in summary.casefold():
        summary = f"{_opening(facts)}{summary}"
    said = {"summary": summary, "attributes": [*brand, *named], **{name: getattr(answer, name) for name in CLAIMS}}
    profile = facts.model_copy(update=said)
    text = " ".join([summary, *(phrase.text for phrase in answer.key_phrases)])
    return {
        **row,
        "prompt_version": source.prompt_version,
        "backend": source.backend,
        "input_digest": answer_digest(source.prompt_version, source.key, profile),
        "profile": profile.model_dump_json(),
        "summary": summary,
        "key_phrases": [phrase.text for phrase in answer.key_phrases],
        "n_tokens_in": source.tokens_in,
        "n_tokens_out": source.tokens_out or len(text.split()),
    }


def answer_digest(prompt_version: str, key: str, profile: ItemProfile) -> str:
    """The `input_digest` of a profile that an answer's words are in.

    Args:
        prompt_version: See `Source`.
        key: The question's.
        profile: Its facts count, which the shop decides; its words do not.
    """
    return digest_of(prompt_version, key, profile.model_dump_json(include=_FACTS))


def as_older(row: Mapping[str, Any], older: Mapping[str, Any], item: ShownItem) -> dict[str, Any]:
    """The row of an item that was not asked about today, with the words of an earlier day.

    Args:
        row: Today's extractive row.
        older: Its newest earlier row that a model wrote.
        item: What is known of it today: what its text no longer says counts as inferred.
    """
    said = ItemProfile.model_validate_json(older["profile"])
    fields = {name: getattr(said, name) for name in (*CLAIMS, "attributes")}
    summary = said.summary.removeprefix(_opening(said))
    answer = ItemAnswer.model_construct(item=item.reference, summary=summary, **fields)
    source = Source(older["backend"], older["prompt_version"], "", 0, older["n_tokens_out"])
    return {**with_answer(row, honest(answer, item), source), "input_digest": older["input_digest"]}


def _opening(profile: ItemProfile) -> str:
    """What a summary begins with that does not name the item."""
    return f"{profile.title[:400]}. "


def _texts(answer: ItemAnswer) -> Iterator[str]:
    """All it says, each alone and the summary first."""
    yield answer.summary
    for name in CLAIMS:
        yield from (said.text for said in getattr(answer, name))
    yield from (f"{said.name}: {said.value}" for said in answer.attributes)


def _added_words(answer: ItemAnswer, item: ShownItem) -> list[str]:
    """What the answer says in words of its own: those of the item's text, such as a foreign title's, prove nothing."""
    quoted = set(words_of(item.text))
    return [word for text in _texts(answer) for word in words_of(text) if word not in quoted]


def _judged(said: Said, text: str, known: set[str]) -> Said:
    words = _parts(word for word in words_of(text) if word not in SMALL_WORDS)
    return said if words and words <= known else said.model_copy(update={"basis": "inferred"})


def _parts(words: Any) -> set[str]:
    """Words, those with hyphens in their parts."""
    return {part for word in words for part in word.replace("\u2019", "'").split("-") if part}
