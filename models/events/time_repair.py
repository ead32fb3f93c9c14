"""Times that are local ones of a zone, whatever they claim: their records say so elsewhere, or their file does."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from models.events.file_format import known_zone


class TimeRepair(BaseModel):
    """Records whose clock showed another zone than they claim: the time as written is read as local there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = Field(
        None, description="Column of the source file whose value tells such records; none: the file's name tells."
    )
    pattern: str = Field(
        description="Python regular expression, searched anywhere in the value; anchor it with ^ and $."
    )
    time_zone: str = Field(description="Zone that the clock showed, such as Europe/London; any written offset is void.")

    @field_validator("pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
        return pattern

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, time_zone: str) -> str:
        return known_zone(time_zone)
