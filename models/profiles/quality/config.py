"""Settings of the measures of profiles, and the limits of their checks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class QualityConfig(BaseModel):
    """How the quality of profiles is measured, and below which numbers a check warns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_subjects: int = Field(
        default=200,
        ge=2,
        description="Users, and items, that are looked at: the same ones every day, whose ids have the lowest digests. "
        "Each costs about two texts to encode where they changed.",
    )
    n_candidates: int = Field(
        default=20, ge=2, description="Profiles from which what a user took has to pick out the user's own."
    )
    n_recent: int = Field(default=10, ge=1, description="Of a user's items, the latest so many that do the picking.")
    n_items: int = Field(
        default=1000,
        ge=1,
        description="Items that lists made of profile vectors alone choose from, besides what the users took: their "
        "titles have to be encoded too.",
    )
    k: int = Field(default=10, ge=1, description="Length of these lists.")
    words: tuple[int, int] = Field(default=(3, 200), description="Fewest and most words of a summary.")
    min_agreement: float = Field(
        default=0.9, ge=0, le=1, description="Share of cited events whose item carries the taste, below which it warns."
    )
    min_specificity: float = Field(
        default=0.1, ge=0, le=1, description="Share of users picked out that the interval must reach, or it warns."
    )
    min_stability: float = Field(
        default=0.95,
        ge=-1,
        le=1,
        description="Mean cosine from day to day of users who did nothing that the interval must reach, or it warns.",
    )
    min_language: float = Field(
        default=0.9, ge=0, le=1, description="Share of profiles in their items' language, below which it warns."
    )
    min_in_bounds: float = Field(
        default=0.95, ge=0, le=1, description="Share of summaries with as many words as `words` allows, or it warns."
    )

    @model_validator(mode="after")
    def _words_in_order(self) -> QualityConfig:
        if not 0 <= self.words[0] <= self.words[1]:
            raise ValueError(f"words: expected [fewest, most], found {list(self.words)}")
        return self
