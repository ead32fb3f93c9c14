"""Settings of the titles of other items in what is embedded."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CompanyConfig(BaseModel):
    """Titles of other items in the text that is embedded: what words alone do not tell, those who took it do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_items: int = Field(
        default=0,
        ge=0,
        le=50,
        description="Items most often taken by the same users before the validation days, whose titles stand in the "
        "text that is embedded of an item instead of category and key phrases, while a user's text is the texts of "
        "favourites; 0: none of this.",
    )
    min_users: int = Field(
        default=20, ge=1, description="Users who must have taken an item before it is said with what."
    )
    n_favourites: int = Field(
        default=12,
        ge=1,
        le=100,
        description="Items whose texts make the one that is embedded of a user: those that go best with all they took.",
    )
    shrinkage: float = Field(
        default=5.0, ge=0, description="Added to the denominator of the cosine that says what goes together."
    )
