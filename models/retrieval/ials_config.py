"""The settings of iALS."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class IalsConfig(BaseModel):
    """Settings of `ials`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding_size: int = Field(default=64, ge=1, description="Length of a vector.")
    n_iterations: int = Field(default=16, ge=1, description="Times that all users and then all items are solved.")
    unobserved_weight: float = Field(
        default=0.1, gt=0, description="Weight of every pair of user and item, seen or not; a seen one has 1 more."
    )
    l2: float = Field(default=0.003, gt=0, description="Strength of the ridge penalty.")
    l2_exponent: float = Field(
        default=1.0, ge=0, le=1, description="How much the penalty grows with a user's or item's interactions."
    )
    n_cg_steps: int = Field(
        default=3,
        ge=0,
        description="Conjugate-gradient steps from the vectors of the iteration before; 0: systems are solved whole.",
    )
    n_threads: int = Field(default=1, ge=1, description="CPU threads.")
    seed: int = Field(default=42, ge=0, description="Seed of the first item vectors.")
