"""Where a setting is looked for: between two numbers, or among choices."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Scalar = bool | int | float | str | None


class SearchRange(BaseModel):
    """`{low, high}` with `log` or `step`, or `{choices}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    low: int | float | None = Field(None, allow_inf_nan=False, description="Lowest value.")
    high: int | float | None = Field(None, allow_inf_nan=False, description="Highest value.")
    log: bool = Field(False, description="Draw the logarithm evenly: 0.001 to 0.01 is as wide as 0.01 to 0.1.")
    step: int | float | None = Field(None, gt=0, allow_inf_nan=False, description="Only low, low + step, ...")
    choices: list[Scalar] | None = Field(None, min_length=2, description="The values themselves, instead of a range.")

    @model_validator(mode="after")
    def _one_of_both(self) -> SearchRange:
        if self.choices is not None:
            if self.model_fields_set - {"choices"}:
                raise ValueError("choices stand alone, without low, high, log or step")
            if any(choice in self.choices[:place] for place, choice in enumerate(self.choices)):
                raise ValueError(f"choices name a value twice: {self.choices}")
            return self
        if self.low is None or self.high is None:
            raise ValueError("expected low and high, or choices")
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs low above 0, found {self.low:g}")
        if self.step is not None and (self.log or self.step > self.high - self.low):
            raise ValueError("step excludes log and is at most high - low")
        return self

    def values(self) -> list[Any]:
        """What a setting must be able to take: every choice, or both ends."""
        return [self.low, self.high] if self.choices is None else list(self.choices)

    def has(self, value: Any) -> bool:
        """Whether a value lies in it."""
        if self.choices is not None:
            return any(value == choice and type(value) is type(choice) for choice in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        assert self.low is not None and self.high is not None
        if not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-8)
