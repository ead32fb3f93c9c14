"""Everything that shapes a simulated shop: its size, its people, its shelves and its dirt."""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class DirtConfig(BaseModel):
    """How much of a day's lines is spoilt, each as a share of the day's lines; 0 turns a kind off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    duplicate_rate: float = Field(
        default=0.005, ge=0, le=0.2, description="Lines delivered a second time, byte for byte."
    )
    late_rate: float = Field(
        default=0.005, ge=0, le=0.2, description="Lines delivered in one of the next two days' files."
    )
    too_late_rate: float = Field(default=0.0002, ge=0, le=0.2, description="Lines delivered four to nine days later.")
    out_of_order_rate: float = Field(
        default=0.004, ge=0, le=0.2, description="Lines moved to a random place in their file."
    )
    future_rate: float = Field(default=0.0005, ge=0, le=0.2, description="Lines dated 3 to 400 days ahead.")
    impossible_rate: float = Field(
        default=0.0005, ge=0, le=0.2, description="Lines whose time is an epoch, a typo or garbage."
    )
    bot_rate: float = Field(default=0.007, ge=0, le=0.2, description="Lines of crawlers and of scrapers that hide it.")
    test_account_rate: float = Field(
        default=0.002, ge=0, le=0.2, description="Lines of the shop's own `test_` accounts."
    )
    broken_rate: float = Field(default=0.001, ge=0, le=0.2, description="Lines that are not JSON.")
    encoding_rate: float = Field(default=0.0005, ge=0, le=0.2, description="Lines with bytes that are not UTF-8.")

    @classmethod
    def clean(cls) -> Self:
        """A shop whose logs are perfect."""
        return cls(**dict.fromkeys(cls.model_fields, 0.0))


class SimulationConfig(BaseModel):
    """A simulated shop. The defaults give about 250,000 log lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=7, ge=0, description="Same seed and settings, same bytes.")
    start: dt.date = Field(default=dt.date(2025, 9, 1), description="First day, UTC.")
    days: int = Field(
        default=42, ge=1, description="Number of daily files; a longer shop starts with a shorter one's files."
    )
    users: int = Field(default=3000, ge=1, description="People, counting those who join later.")
    items: int = Field(default=1500, ge=50, description="Catalogue size, counting items that appear later.")

    launch_days: int = Field(
        default=84, ge=1, description="New users and items appear, and items go, over so many days."
    )
    new_user_share: float = Field(
        default=0.15, ge=0, lt=1, description="Share of the users who join after the first day."
    )
    new_item_share: float = Field(
        default=0.15, ge=0, le=0.5, description="Share of the items that appear after the first day."
    )
    withdrawn_share: float = Field(default=0.08, ge=0, le=0.4, description="Share of the items that are withdrawn.")

    sessions_per_user_day: float = Field(default=0.205, gt=0, le=20, description="Mean sessions of a user per day.")
    activity_spread: float = Field(
        default=0.6, ge=0, le=2, description="Sigma of the log-normal spread of users' activity."
    )
    organic_clicks: float = Field(
        default=1.5, ge=0, le=10, description="Mean clicks per session found without the shown list."
    )
    search_rate: float = Field(default=0.35, ge=0, le=1, description="Chance that such a click follows a search.")
    cart_rate: float = Field(default=0.14, ge=0, le=1, description="Chance that a clicked item goes into the cart.")
    purchase_rate: float = Field(default=0.45, ge=0, le=1, description="Chance that an item in the cart is bought.")
    repeat_factor: float = Field(
        default=0.15, ge=0, le=1, description="Appetite for an item already clicked, 1 for undimmed."
    )

    taste_dimensions: int = Field(default=16, ge=2, le=256, description="Length of the latent taste and item vectors.")
    taste_strength: float = Field(
        default=5.0, ge=0, le=30, description="Logits between a perfect and an indifferent match."
    )
    taste_drift: float = Field(default=0.012, ge=0, le=1, description="Mean turn of a user's taste, radians per day.")
    popularity_exponent: float = Field(default=0.65, ge=0, le=3, description="Appeal falls with rank to this power.")
    trend_strength: float = Field(
        default=2.5, ge=0, le=10, description="Height of an item's fashionable weeks, in logits."
    )
    new_item_boost: float = Field(
        default=1.0, ge=0, le=10, description="Extra logits of a launch; halves every five days."
    )

    successors: int = Field(default=4, ge=1, le=50, description="Items that each item leads to in the hidden graph.")
    successor_share: float = Field(
        default=0.8, ge=0, le=1, description="Share of organic clicks that follow the graph."
    )
    successor_boost: float = Field(
        default=3.0, ge=0, le=10, description="Extra logits of a shown successor of a recent item."
    )
    memory_decay: float = Field(default=0.8, gt=0, lt=1, description="Pull of a clicked item after each further click.")

    list_length: int = Field(default=6, ge=1, le=50, description="Items in a session's list of impressions.")
    position_bias: float = Field(
        default=0.5, ge=0, le=3, description="Position p is looked at with chance p to minus this."
    )
    attraction_bias: float = Field(default=-2.2, ge=-10, le=10, description="Logit of a click on an indifferent item.")
    policy_temperature: float = Field(
        default=1.3, ge=0.1, le=10, description="Higher makes the logging policy more random."
    )
    policy_noise: float = Field(
        default=0.8, ge=0, le=10, description="Error in the policy's view of popularity and taste."
    )

    dirt: DirtConfig = Field(default=DirtConfig(), description="What is wrong with the logs.")

    @model_validator(mode="after")
    def _enough_items(self) -> Self:
        shelf = self.items * (1 - self.new_item_share - self.withdrawn_share)
        if shelf < self.list_length:
            raise ValueError(f"{self.list_length} items per list need more than {shelf:.0f} lasting items; raise items")
        if self.successors >= self.items:
            raise ValueError(f"{self.successors} successors need more than {self.items} items; lower successors")
        return self
