"""Settings of the profiles: who writes them, the rules of the extractive backend, and what a model may cost."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.profiles.company_config import CompanyConfig
from models.profiles.private_words import PrivateKind
from models.profiles.quality.config import QualityConfig


class ItemExtraction(BaseModel):
    """How an item's text and facts become its profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_key_phrases: int = Field(default=8, ge=1, le=50, description="Key phrases kept for an item.")
    max_phrase_words: int = Field(default=3, ge=1, le=5, description="Longest key phrase, in words.")
    title_weight: float = Field(
        default=3.0, gt=0, description="How many mentions in the description one in the title equals."
    )
    max_document_share: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Words in more than this share of all items say nothing about one of them.",
    )
    max_text_characters: int = Field(
        default=20_000, ge=100, description="Readable characters of a description that are looked at."
    )
    summary_sentences: int = Field(
        default=2, ge=0, le=5, description="Sentences of the description taken into the summary."
    )
    summary_characters: int = Field(default=300, ge=40, le=1500, description="Longest summary, in characters.")
    low_price_quantile: float = Field(
        default=0.25, ge=0, lt=1, description="Prices below this quantile of the category are low."
    )
    high_price_quantile: float = Field(
        default=0.75, gt=0, le=1, description="Prices above this quantile of the category are high."
    )
    min_category_prices: int = Field(
        default=5,
        ge=1,
        description="Priced items a category needs; in smaller ones the whole catalogue is the measure.",
    )
    new_days: int = Field(default=14, ge=0, description="Items available for at most this many days are new.")
    recent_days: int = Field(
        default=60, ge=0, description="Items available for at most this many days, and not new, are recent."
    )

    @model_validator(mode="after")
    def _in_order(self) -> ItemExtraction:
        if self.low_price_quantile >= self.high_price_quantile:
            raise ValueError("low_price_quantile must be below high_price_quantile")
        if self.new_days > self.recent_days:
            raise ValueError("new_days must not exceed recent_days")
        return self


class UserExtraction(BaseModel):
    """How a user's interactions become the profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    half_life_days: float = Field(
        default=30.0, gt=0, description="Days after which an event counts half in long-term tastes."
    )
    current_days: int = Field(
        default=7, ge=1, description="Days, the as-of day included, that make up the current interests."
    )
    category_depth: int = Field(default=2, ge=1, description="Levels of the category path that name a taste.")
    max_tastes: int = Field(
        default=5, ge=1, le=20, description="Tastes kept of each kind: categories, brands and phrases."
    )
    min_phrase_items: int = Field(
        default=2, ge=1, description="Different items a phrase must be found on to be a taste."
    )
    max_support_events: int = Field(
        default=5, ge=1, le=50, description="Supporting events listed with a taste, newest first."
    )
    half_confidence_events: float = Field(
        default=3.0, gt=0, description="Supporting events at which a taste's confidence is one half."
    )
    price_tolerance: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Typical price ratio to the category's median still called average: 0.2 is +-20 %.",
    )
    min_attitude_events: int = Field(default=4, ge=2, description="Events needed before an attitude is called known.")
    novelty_events: int = Field(default=20, ge=2, description="Latest events that decide the novelty attitude.")
    max_rhythm_slots: int = Field(default=3, ge=1, le=7, description="Hours and weekdays listed as most active.")


class ExtractiveConfig(BaseModel):
    """The extractive backend: profiles from rules alone, deterministic and without a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: ItemExtraction = Field(default_factory=ItemExtraction, description="Rules for item profiles.")
    user: UserExtraction = Field(default_factory=UserExtraction, description="Rules for user profiles.")


class Budget(BaseModel):
    """What the language model may cost for one as-of day; without limits nothing is counted ahead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls: int | None = Field(
        default=None,
        ge=0,
        description="Calls, repeated ones included; what is under way at the limit is at most one prompt.",
    )
    money: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="Money, in the currency of `generator`'s prices, which it needs.",
    )


class UserQuestions(BaseModel):
    """What a language model is shown of a user, and when it is asked about one again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shown_events: int = Field(
        default=40,
        ge=1,
        le=500,
        description="Items of a user's history in one prompt: half the newest, half the weightiest of each category.",
    )
    event_characters: int = Field(
        default=200, ge=20, le=4000, description="Readable characters of an item's text that stand for it in a history."
    )
    rebuild_days: int = Field(
        default=30,
        ge=1,
        description="Days after which the next question starts from the whole history instead of the earlier profile.",
    )
    min_new_share: float = Field(
        default=0.1,
        ge=0,
        allow_inf_nan=False,
        description="A user is asked about again when new events weigh at least this share of those seen before.",
    )
    min_new_events: int = Field(
        default=20, ge=1, description="Or when at least so many events are new, whatever share they are."
    )


class ProfilesConfig(ExtractiveConfig):
    """Profiles of items and users: rules, and a language model's words where they are wanted."""

    backend: Literal["extractive", "generator"] = Field(
        default="extractive",
        description="Who writes item profiles: `extractive` rules, or the language model of the section `generator`.",
    )
    allowed_private_attributes: tuple[PrivateKind, ...] = Field(
        default=(),
        description="What profiles may claim of a person though nobody told the shop: `location` (of the home), "
        "`income`, `sex`, `age`, `health`, `religion`, `politics`, `orientation` or `ethnicity`. An answer that claims "
        "anything else is rejected.",
    )
    company: CompanyConfig = Field(
        default_factory=CompanyConfig, description="Titles of other items in the text that is embedded."
    )
    quality: QualityConfig = Field(default_factory=QualityConfig, description="How good profiles are, and must be.")
    user_backend: Literal["extractive", "generator"] = Field(
        default="extractive", description="Who writes user profiles, likewise."
    )
    budget: Budget = Field(
        default_factory=Budget, description="What the language model may cost for one as-of day, items and users."
    )
    prompt_characters: int = Field(
        default=4000, ge=40, description="Readable characters of an item's description that the model is shown."
    )
    min_text_change: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="An item is asked about again when its shown text changed by at least this share of its words and "
        "pairs of words (1 - Jaccard) since it was last asked about; 0: at any change.",
    )
    user_questions: UserQuestions = Field(
        default_factory=UserQuestions, description="How the language model is asked about users."
    )

    portion_interactions: int = Field(
        default=1_000_000,
        ge=1,
        description="Users are profiled in portions of about so many interactions, which bounds the memory it takes.",
    )

    @property
    def asks_a_model(self) -> bool:
        """Whether any profile is written by the language model."""
        return "generator" in (self.backend, self.user_backend)
