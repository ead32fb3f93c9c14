"""Settings of an evaluation protocol: how interactions are split, and what is ranked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SPLIT_BY_DAY = ("temporal", "rolling_origin")


class ProtocolConfig(BaseModel):
    """One way of splitting and scoring, beside the pipeline's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["temporal", "rolling_origin", "leave_one_out", "fixed"] = Field(
        description="`temporal`: everybody's past up to a day, and the days after it; `rolling_origin`: the same as of "
        "several days; `leave_one_out`: each user's last item; `fixed`: a split somebody else made, from `file`."
    )
    test_days: int | None = Field(
        None, ge=1, description="Days that are scored, where days are split; null: `split.test_days`."
    )
    n_origins: int = Field(4, ge=1, description="As-of days of `rolling_origin`.")
    step_days: int | None = Field(
        None, ge=1, description="Days from one as-of day to the next; null: `test_days`, so that no day counts twice."
    )
    core: int | None = Field(
        None,
        ge=1,
        description="Only users and items with so many of each other: among what may be seen where days are split, "
        "else among all rows, test included, as published numbers do.",
    )
    sampled_negatives: int | None = Field(
        None,
        ge=1,
        description="Rank what a user took among so many items drawn from the rest, instead of the whole catalogue. "
        "Such numbers are not those of full ranking and can order models otherwise; null: full ranking.",
    )
    file: str | None = Field(
        None,
        min_length=1,
        description="Parquet, CSV or TSV of a `fixed` split: columns user_id, item_id, split (train, validation, test) "
        "and, if it is known, event_at; otherwise the order of the rows is that of time.",
    )
    retrievers: list[str] | None = Field(None, min_length=1, description="Which of `retrievers`; null: all of them.")

    @model_validator(mode="after")
    def _file_of_a_fixed_split(self) -> ProtocolConfig:
        if (self.kind == "fixed") != (self.file is not None):
            raise ValueError("`file` belongs to kind `fixed`, which needs it")
        return self

    @model_validator(mode="after")
    def _origins_that_roll(self) -> ProtocolConfig:
        given = self.model_fields_set
        if self.kind != "rolling_origin" and (wrong := given & {"n_origins", "step_days"}):
            raise ValueError(f"{', '.join(sorted(wrong))}: only `rolling_origin` has several as-of days")
        if self.kind not in SPLIT_BY_DAY and "test_days" in given:
            raise ValueError(f"test_days: {self.kind} does not split days")
        return self
