"""What a day may differ by from the same weekday of the trailing weeks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Measure = Literal["volume", "null_share", "type_share", "new_item_share", "price_quantiles", "psi"]


class HistoryRules(BaseModel):
    """A day against the same weekday of the trailing weeks, of raw_events and core_events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weeks: int = Field(4, ge=2, le=52, description="Weeks back that are looked at.")
    min_weeks: int = Field(
        3, ge=2, description="Of them, weeks whose same weekday has events; with fewer a day is not judged."
    )
    min_events: int = Field(
        200, ge=1, description="Events that the day and the days it is held against must have to be judged."
    )
    spread: float = Field(
        2.0,
        ge=0,
        description="A difference only counts if it is so many times the largest one among the trailing days "
        "themselves; 0: every difference beyond its limit counts.",
    )
    volume_factor: float = Field(3.0, gt=1, description="Events over their usual number, or the reverse.")
    null_share: float = Field(0.1, ge=0, le=1, description="Change of a column's share of missing values.")
    type_share: float = Field(0.15, ge=0, le=1, description="Change of an event type's share.")
    new_item_share: float = Field(
        0.3, ge=0, le=1, description="Rise of the share of items without an event in the 28 days before."
    )
    price_factor: float = Field(
        2.0, gt=1, description="A decile, the median or the ninth decile of prices over the usual one, or the reverse."
    )
    psi_warn: float = Field(0.1, ge=0, description="Population stability index of a column from which it is a warning.")
    psi_fail: float = Field(
        0.25, ge=0, description="The index from which it is an error, if `blocks` names psi; see `fail_after_days`."
    )
    blocks: tuple[Measure, ...] = Field(
        ("psi",), description="Measures whose differences can be errors, which stop what follows; others only warn."
    )
    fail_after_days: int = Field(
        3,
        ge=1,
        le=7,
        description="On so many days with events in a row, within a week, a column must differ for it to be an error; "
        "a single odd day, such as one with a wholesale order, is a warning.",
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.min_weeks > self.weeks:
            raise ValueError(f"min_weeks {self.min_weeks} is more than weeks {self.weeks}: no day would be judged")
        if self.psi_warn > self.psi_fail:
            raise ValueError(f"psi_warn {self.psi_warn:g} is above psi_fail {self.psi_fail:g}")
        return self
