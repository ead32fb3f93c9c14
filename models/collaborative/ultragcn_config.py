"""The settings of UltraGCN."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.collaborative.embedding_config import VectorConfig

FIELDS = VectorConfig.model_fields


class UltraGcnConfig(VectorConfig):
    """Settings of `ultragcn`."""

    batch_tokens: int = Field(default=1024, ge=1, description=FIELDS["batch_tokens"].description)
    start: Literal["random", "spectral"] = Field(default="spectral", description=FIELDS["start"].description)

    n_negatives: int = Field(
        default=1024, ge=1, description="Items drawn uniformly as negatives of a whole batch, with repeats."
    )
    negative_weight: float = Field(default=20.0, gt=0, description="Weight of the negatives' mean.")
    pair_weight: float = Field(default=0.0, ge=0, description="Weight of a pair whatever its degrees.")
    constraint_weight: float = Field(default=1.0, ge=0, description="Weight of a pair by its degrees.")
    n_neighbours: int = Field(default=10, ge=1, description="Items kept for each item as the nearest by shared users.")
    item_weight: float = Field(
        default=1.0, ge=0, description="Weight of the loss that draws a user to the neighbours of a touched item."
    )
