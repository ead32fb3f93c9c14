"""What a profile says: one JSON schema that every backend fills, extractive or language model.

Both models refuse unknown fields, so that an answer which leaves the schema is found instead of stored.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning; part of every profile."""

PROMPT_VERSION = "extractive-1"
"""Version of the extractive rules; raised when they change, so that stored profiles become stale."""

MOST_EVENTS = 50
"""Events named with a taste, for it or against it."""

Basis = Literal["stated", "inferred"]
PriceBand = Literal["unknown", "low", "middle", "high"]
Recency = Literal["unknown", "new", "recent", "established"]
PriceAttitude = Literal["unknown", "thrifty", "average", "premium"]
NoveltyAttitude = Literal["unknown", "familiar", "balanced", "adventurous"]
TasteKind = Literal["category", "brand", "phrase", "topic"]

Line = Annotated[str, Field(min_length=1, max_length=400)]
Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(_Strict):
    """Something said about an item, and whether its own text says so."""

    text: Line = Field(description="The claim, a word or a short phrase.")
    basis: Basis = Field(description="`stated` where the item's text says it, `inferred` where a reader concluded it.")


class Attribute(_Strict):
    """A named property of an item."""

    name: Line = Field(description="What is described, e.g. `brand` or `material`.")
    value: Line = Field(description="Its value, e.g. `oak`.")
    basis: Basis = Field(description="`stated` or `inferred`, as for a claim.")


class ItemProfile(_Strict):
    """An item in words."""

    schema_version: Literal[1] = Field(description="Version of this schema.")
    item_id: str = Field(min_length=1, description="The item described; must equal the row's own id.")
    title: str = Field(max_length=1000, description="The item's title as plain text; empty where it has none.")
    summary: str = Field(min_length=1, max_length=2000, description="What the item is, in one to three sentences.")
    audience: list[Claim] = Field(max_length=20, description="Who the item is for.")
    category_path: list[Line] = Field(max_length=20, description="Categories from the widest to the narrowest.")
    attributes: list[Attribute] = Field(max_length=50, description="Named properties.")
    key_phrases: list[Claim] = Field(max_length=50, description="The phrases that tell it from others, best first.")
    style_words: list[Claim] = Field(max_length=20, description="Words for its style and mood.")
    occasions: list[Claim] = Field(max_length=20, description="When or for what it is used or given.")
    substitutes: list[Claim] = Field(max_length=20, description="What one would take instead, in words.")
    complements: list[Claim] = Field(max_length=20, description="What one would take with it, in words.")
    price_band: PriceBand = Field(description="Where its price lies within its category.")
    recency: Recency = Field(description="How long it has been available on the as-of day.")
    available_since: date | None = Field(description="First day it was available or seen; null where unknown.")
    language: str = Field(min_length=2, max_length=10, description="ISO 639 code of its text; `und` where unknown.")


class Taste(_Strict):
    """Something a user is drawn to (or, among dislikes, away from), with its evidence."""

    kind: TasteKind = Field(description="What `text` names.")
    text: Line = Field(description="The category, brand, phrase or topic.")
    strength: Unit = Field(description="Share of the user's weighted activity that goes to it.")
    confidence: Unit = Field(description="How well the evidence supports it; grows with the number of events.")
    event_ids: list[str] = Field(
        min_length=1, max_length=MOST_EVENTS, description="Events that support it, newest first."
    )
    against_event_ids: list[str] = Field(
        default=[],
        max_length=MOST_EVENTS,
        description="Events that speak against it, as a language model found, newest first.",
    )


class Rhythm(_Strict):
    """When a user is active, in UTC."""

    top_hours: list[Annotated[int, Field(ge=0, le=23)]] = Field(max_length=24, description="Most active hours first.")
    top_weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        max_length=7, description="Most active weekdays first, Monday is 1."
    )
    active_days: int = Field(ge=1, description="Days with at least one interaction.")
    median_gap_days: float | None = Field(ge=1.0, description="Median days between active days; null for one day.")


class Asked(_Strict):
    """When a language model was asked for the words of a profile, so that the next day can go on from there."""

    model: str = Field(description="Digest of the model that wrote them.")
    built_with: str = Field(description="Version of the prompt that read the whole history last.")
    built_on: date = Field(description="As-of day of that.")
    asked_on: date = Field(description="As-of day of the last question: events up to it have been seen.")


class UserProfile(_Strict):
    """A user in words: tastes with their evidence, attitudes and rhythm."""

    schema_version: Literal[1] = Field(description="Version of this schema.")
    user_id: str = Field(min_length=1, description="The user described; must equal the row's own id.")
    summary: str = Field(min_length=1, max_length=2000, description="The profile in a few sentences.")
    long_term: list[Taste] = Field(max_length=100, description="Tastes over the whole history, older events fading.")
    current: list[Taste] = Field(max_length=100, description="Interests of the most recent days.")
    dislikes: list[Taste] = Field(max_length=100, description="What the user turns away from.")
    price_attitude: PriceAttitude = Field(description="Prices taken, against those usual in the same categories.")
    novelty_attitude: NoveltyAttitude = Field(description="Readiness to leave known items and categories.")
    rhythm: Rhythm = Field(description="When the user is active.")
    asked: Asked | None = Field(
        default=None, description="Where a language model wrote summary, topics and dislikes: since when they stand."
    )


def first_fault(error: ValidationError) -> str:
    """Where a value first leaves a schema, and how, in one line without the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
