"""The settings every trained model shares; a model's own config inherits them, so a project file stays flat."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.training.schedule import Schedule


class TrainingConfig(BaseModel):
    """How long, how fast and on how much at once a torch model trains."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = Field(default=1e-3, gt=0, description="AdamW's step size after the warm-up.")
    warmup_steps: int = Field(default=50, ge=0, description="Steps over which the step size grows linearly from 0.")
    schedule: Schedule = Field(
        default="constant",
        description="How the step size goes on: constant, or falling in a line or half a cosine over max_epochs. Where "
        "it falls, patience should not end the run before it has.",
    )
    final_learning_rate_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the learning rate that a falling step size ends with."
    )
    weight_decay: float = Field(
        default=0.01, ge=0, description="AdamW's decoupled decay of every weight matrix and embedding."
    )
    averaging: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share that a step keeps of the moving average of the weights, e.g. .999; the average is what is "
        "validated and kept. 0: the weights themselves.",
    )
    batch_tokens: int = Field(
        default=1024, ge=1, description="Positions per batch, padding included; a longer sequence is a batch alone."
    )
    accumulation_steps: int = Field(
        default=1,
        ge=1,
        description="Batches whose gradients are added up for one step: as a batch so many times as large, with memory "
        "for one.",
    )
    max_epochs: int = Field(default=20, ge=1, description="Passes over the data if nothing stops earlier.")
    patience: int = Field(
        default=3, ge=1, description="Stop after this many epochs without a better validation NDCG@10."
    )
    from_scratch_days: int = Field(
        default=7,
        ge=1,
        description="Trained from the beginning every so many as-of days, continued from the newest earlier one in "
        "between; 1: always from the beginning.",
    )
    continued_epochs: int = Field(
        default=1, ge=1, description="Passes over the data where training continues from an earlier as-of day's model."
    )
    n_validation_users: int = Field(
        default=5_000, ge=1, description="Users drawn for validation where more have a validation interaction."
    )
    n_threads: int = Field(
        default=1,
        ge=1,
        description="CPU threads of torch; more than 1 pays only on idle cores, and changes the last bits of weights.",
    )
    seed: int = Field(default=42, ge=0, description="Seed of weights, dropout, negatives and the order of batches.")


class LossConfig(BaseModel):
    """How the next item is set against others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loss: Literal["softmax", "gbce", "bce"] = Field(
        default="softmax",
        description="Cross entropy of the next item against the negatives (softmax), or of each item by itself (bce), "
        "calibrated for how few negatives there are (gbce).",
    )
    gbce_calibration: float = Field(
        default=0.75, ge=0, le=1, description="How far gbce is calibrated (t): 0 is bce, 1 is unbiased."
    )
    n_negatives: int = Field(
        default=2048,
        ge=1,
        description="Items drawn, with repeats, as negatives of a whole batch; all items where the catalogue has no "
        "more than this.",
    )
    negatives: Literal["uniform", "popularity", "mixed"] = Field(
        default="uniform",
        description="How negatives are drawn: all items alike, popular ones more often, or half of them each way; the "
        "loss is corrected for it (logQ).",
    )
    negatives_exponent: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="By popularity an item is drawn in proportion to this power of its interactions; 0 is uniform.",
    )
