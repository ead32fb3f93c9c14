"""The extractive backend in one place: what assets call, and the text of a profile that is embedded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.profiles.config import ExtractiveConfig, ItemExtraction, UserExtraction
from models.profiles.item_profiles import ITEM_PROFILE_COLUMNS, item_profiles
from models.profiles.user_profiles import USER_PROFILE_COLUMNS, UserProfiler, user_profiles

__all__ = [
    "ITEM_PROFILE_COLUMNS",
    "USER_PROFILE_COLUMNS",
    "ExtractiveConfig",
    "ItemExtraction",
    "UserExtraction",
    "UserProfiler",
    "item_profiles",
    "profile_text",
    "user_profiles",
]


def profile_text(row: Mapping[str, Any]) -> str:
    """The text of a profile to embed.

    Args:
        row: A row of `item_profiles` (`summary, category_path, key_phrases`) or of `user_profiles` (`summary`), of any
            backend.

    Returns:
        The summary, which for items begins with the title, and for items the category and the key phrases that the
        summary does not contain already. What changes with the day alone (age, price band) is left out, so that vectors
        cached by their text stay valid.
    """
    parts = [row["summary"]]
    if row.get("category_path"):
        parts.append(f"Category: {row['category_path'].replace('|', ', ')}.")
    said = row["summary"].lower()
    phrases = [phrase for phrase in row.get("key_phrases") or [] if phrase not in said]
    if phrases:
        parts.append(f"About: {', '.join(phrases)}.")
    return "\n".join(parts)
