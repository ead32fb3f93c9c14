"""User profiles by rules alone: from interactions and item profiles, each taste with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from models.profiles.attitudes import novelty_attitudes, price_attitudes, rhythms
from models.profiles.config import ExtractiveConfig, UserExtraction
from models.profiles.digests import row_digests
from models.profiles.item_facts import category_labels, known_items, median_prices
from models.profiles.item_profiles import BACKEND
from models.profiles.schema import PROMPT_VERSION, SCHEMA_VERSION
from models.profiles.tastes import TASTE, item_labels, user_tastes
from models.profiles.user_events import weighed_events
from models.profiles.user_summaries import taste_names, user_summary

USER_PROFILE_COLUMNS: dict[str, pl.DataType] = {
    "as_of_day": pl.Date(),
    "user_id": pl.String(),
    "prompt_version": pl.String(),
    "backend": pl.String(),
    "input_digest": pl.String(),
    "profile": pl.String(),
    "summary": pl.String(),
    "top_categories": pl.List(pl.String()),
    "price_attitude": pl.String(),
    "novelty_attitude": pl.String(),
    "n_events": pl.Int64(),
    "n_tokens_in": pl.Int64(),
    "n_tokens_out": pl.Int64(),
}
"""The columns of the `user_profiles` table, whichever backend filled them."""

EVENT_INPUTS: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "item_id": pl.String(),
    "event_day": pl.Date(),
    "event_id": pl.String(),
    "event_at": pl.Datetime("us"),
    "weight": pl.Float64(),
    "price": pl.Float64(),
}
"""The columns of `core_interactions` a profile reads."""


def _item_facts(items: pl.DataFrame, profiles: pl.DataFrame, config: ExtractiveConfig) -> pl.DataFrame:
    """Per item what its events need: first category label, price, the category's median price, profile digest."""
    facts = items.select(
        "item_id",
        item_price="price",
        median_price=median_prices(config.item),
        category=category_labels(config.user.category_depth).list.first().fill_null(""),
    )
    return facts.join(profiles.select("item_id", item_digest="input_digest"), on="item_id", how="left")


def _events(interactions: pl.DataFrame, facts: pl.DataFrame, as_of_day: date, config: UserExtraction) -> pl.DataFrame:
    """Interactions up to the day with their item's facts, in (user, time, event id) order."""
    usable = [pl.when(pl.col(name).is_finite() & (pl.col(name) > 0)).then(name) for name in ("price", "item_price")]
    rows = interactions.select(pl.col(name).cast(dtype) for name, dtype in EVENT_INPUTS.items())
    return (
        weighed_events(rows, as_of_day, config)
        .join(facts, on="item_id", how="left", maintain_order="left")
        .with_columns(price_ratio=(pl.coalesce(usable) / pl.col("median_price")).round(6))
    )


def _users(events: pl.DataFrame) -> pl.DataFrame:
    """One row per user with the digestible text of all its inputs."""
    row = pl.struct(
        "event_id", "event_at", "event_day", "weight", "item_id", "category", "price_ratio", "item_digest", "is_current"
    ).struct.json_encode()
    return (
        events.with_columns(row=row)
        .group_by("user_id", maintain_order=True)
        .agg(
            n_events=pl.len(),
            inputs=pl.concat_str(pl.col("user_id").first(), pl.lit("\n"), pl.col("row").str.join("\n")),
        )
    )


def _profile_json() -> pl.Expr:
    """The `UserProfile` of every row as JSON."""
    nothing = pl.lit([], dtype=pl.List(TASTE))
    return pl.struct(
        schema_version=pl.lit(SCHEMA_VERSION),
        user_id="user_id",
        summary="summary",
        long_term=pl.col("long_term").fill_null(nothing),
        current=pl.col("current").fill_null(nothing),
        dislikes=nothing,
        price_attitude="price_attitude",
        novelty_attitude="novelty_attitude",
        rhythm="rhythm",
    ).struct.json_encode()


def _described(users: pl.DataFrame, events: pl.DataFrame, labels: pl.DataFrame, config: UserExtraction) -> pl.DataFrame:
    """Add tastes, attitudes and rhythm to one row per user."""
    current = events.filter("is_current").with_columns(mass="weight")
    return (
        users.join(user_tastes(events, labels, config, "long_term"), on="user_id", how="left")
        .join(user_tastes(current, labels, config, "current"), on="user_id", how="left")
        .join(price_attitudes(events, config), on="user_id", how="left")
        .join(novelty_attitudes(events, config), on="user_id", how="left")
        .join(rhythms(events, config), on="user_id", how="left")
        .with_columns(pl.col("price_attitude", "novelty_attitude").fill_null("unknown"))
        .sort("user_id")
    )


@dataclass(frozen=True)
class UserProfiler:
    """What profiles of users need of the items, found once: a large shop's users are profiled some at a time.

    Attributes:
        facts: See `_item_facts`.
        labels: See `item_labels`.
        as_of_day: Last day seen.
        config: Its `user` part decides.
    """

    facts: pl.DataFrame
    labels: pl.DataFrame
    as_of_day: date
    config: ExtractiveConfig

    @classmethod
    def of(
        cls, items: pl.DataFrame, item_profiles: pl.DataFrame, as_of_day: date, config: ExtractiveConfig | None = None
    ) -> UserProfiler:
        """Read the items; the arguments are those of `user_profiles`."""
        config = config or ExtractiveConfig()
        known = known_items(items, as_of_day)
        profiles = item_profiles.filter(pl.col("as_of_day") <= as_of_day).sort("as_of_day")
        profiles = profiles.unique("item_id", keep="last", maintain_order=True).join(known, on="item_id", how="semi")
        labels = item_labels(known, profiles, config.user.category_depth)
        return cls(_item_facts(known, profiles, config), labels, as_of_day, config)

    def profiles(self, interactions: pl.DataFrame) -> pl.DataFrame:
        """Profile the users of some interactions, which must be all of theirs; see `user_profiles`."""
        rules = self.config.user
        events = _events(interactions, self.facts, self.as_of_day, rules)
        users = _described(_users(events), events, self.labels, rules)
        users = users.with_columns(row_digests(users["inputs"].alias("input_digest"), PROMPT_VERSION, rules))
        users = users.with_columns(summary=user_summary()).with_columns(
            as_of_day=pl.lit(self.as_of_day),
            prompt_version=pl.lit(PROMPT_VERSION),
            backend=pl.lit(BACKEND),
            profile=_profile_json(),
            top_categories=taste_names("long_term", "category", rules.max_tastes).fill_null([]),
            n_tokens_in=pl.col("n_events"),
            n_tokens_out=pl.col("summary").str.count_matches(r"\S+"),
        )
        return users.select(pl.col(name).cast(dtype) for name, dtype in USER_PROFILE_COLUMNS.items())


def user_profiles(
    interactions: pl.DataFrame,
    items: pl.DataFrame,
    item_profiles: pl.DataFrame,
    as_of_day: date,
    config: ExtractiveConfig | None = None,
) -> pl.DataFrame:
    """Profile every user with an interaction up to a day.

    Args:
        interactions: Rows of `core_interactions`; those after `as_of_day` or without weight are left out.
        items: Rows of `items_known`; those first seen after `as_of_day` are left out.
        item_profiles: Rows of `item_profiles`; of several as-of days the newest not after `as_of_day` counts.
        as_of_day: Last day seen.
        config: Its `user` part, and of its `item` part how a category's usual price is measured.

    Returns:
        `USER_PROFILE_COLUMNS`, one row per user, sorted by id. `profile` is valid against `schema.UserProfile`.
        Long-term tastes weigh the whole history with half-life `half_life_days`, current ones the last `current_days`
        days evenly. Interactions with items outside `items` count as activity but support no taste. `n_tokens_in`
        counts the events read, `n_tokens_out` the words of the summary.
    """
    return UserProfiler.of(items, item_profiles, as_of_day, config).profiles(interactions)
