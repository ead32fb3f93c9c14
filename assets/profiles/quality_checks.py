"""Checks of `profile_quality`. Chance and taste decide most of it, so they warn; an event that no user has blocks."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.graph import preview
from models.profiles.quality.config import QualityConfig

CITED = "profiles_cite_events_of_their_own_users"
WORDS = {
    CITED: "Every event that a user profile cites exists, is that user's, and lies on or before the as-of day.",
    "cited_events_agree_with_the_tastes": "The items of cited events carry the taste they are cited for.",
    "profiles_pick_out_their_own": "What users and items really are picks their profile out of 20, well above chance.",
    "idle_users_keep_their_profiles": "A user without new events has the profile of the day before.",
    "profiles_speak_the_items_language": "Profiles are in the language of the items they are about.",
    "summaries_are_neither_short_nor_long": "Summaries have as many words as profiles.quality.words allows.",
}
SHOWN = ["kind", "prompt_version", "value", "ci_low", "ci_high", "n"]
REMEDY = "See profile_quality for the numbers and docs/profiles.md for what moves them; limits are in profiles.quality."


def quality_specs() -> list[dg.AssetCheckSpec]:
    """Checks of `profile_quality`."""
    return [
        dg.AssetCheckSpec(name, asset="profile_quality", blocking=name == CITED, description=text)
        for name, text in WORDS.items()
    ]


def quality_checks(frame: pl.DataFrame, config: QualityConfig) -> Iterator[dg.AssetCheckResult]:
    """Results for one day's rows; a measure that has nothing to measure passes.

    Args:
        frame: Rows of `profile_quality`.
        config: The limits.
    """
    rules = {
        CITED: ("cited_events_exist", "value", 1.0),
        "cited_events_agree_with_the_tastes": ("cited_events_agree", "value", config.min_agreement),
        "profiles_pick_out_their_own": ("specificity", "ci_high", config.min_specificity),
        "idle_users_keep_their_profiles": ("stability_idle", "ci_high", config.min_stability),
        "profiles_speak_the_items_language": ("language", "value", config.min_language),
        "summaries_are_neither_short_nor_long": ("length_in_bounds", "value", config.min_in_bounds),
    }
    for name, (metric, column, least) in rules.items():
        rows = frame.filter(pl.col("metric") == metric).select(SHOWN)
        below = rows.filter(pl.col(column) < least)
        yield dg.AssetCheckResult(
            asset_key="profile_quality",
            check_name=name,
            passed=below.is_empty(),
            severity=dg.AssetCheckSeverity.ERROR if name == CITED else dg.AssetCheckSeverity.WARN,
            metadata={"limits": {"least": least}, metric: dg.MetadataValue.md(preview(rows, 10)), "remedy": REMEDY},
        )
