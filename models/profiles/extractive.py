"""The extractive backend in one place: what assets call, and the text of a profile that is embedded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from models.profiles.config import ExtractiveConfig, ItemExtraction, UserExtraction
from models.profiles.item_profiles import ITEM_PROFILE_COLUMNS, item_profiles
from models.profiles.user_profiles import USER_PROFILE_COLUMNS, UserProfiler, user_profiles

_YEAR = re.compile(r"\s*\((?:19|20)\d\d\)")

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


def profile_text(row: Mapping[str, Any], taken_with: Sequence[str] = ()) -> str:
    """The text of an item's profile to embed; a user's is in `models.profiles.user_texts`.

    Args:
        row: A row of `item_profiles` (`summary, category_path, key_phrases`), of any backend.
        taken_with: Titles of other items that say more, see `models.profiles.company`.

    Returns:
        The summary, which begins with the title, then the category and the key phrases that the summary does not
        contain already. What changes with the day alone (age, price band) is left out, so that vectors cached by their
        text stay valid. With titles of others the summary and these, without a year in brackets, such as films have:
        on MovieLens each further word made retrieval worse (docs/profiles.md).
    """
    if taken_with:
        return f"{_YEAR.sub('', row['summary'], count=1)} Taken with {', '.join(taken_with)}."
    parts = [row["summary"]]
    if row.get("category_path"):
        parts.append(f"Category: {row['category_path'].replace('|', ', ')}.")
    said = row["summary"].lower()
    phrases = [phrase for phrase in row.get("key_phrases") or [] if phrase not in said]
    if phrases:
        parts.append(f"About: {', '.join(phrases)}.")
    return "\n".join(parts)
