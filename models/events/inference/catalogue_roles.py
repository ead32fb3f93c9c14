"""The columns of an item catalogue."""

from __future__ import annotations

import re

from models.events.inference.profile import Profile
from models.events.inference.roles import Roles, assign_by_name, profiles_of
from models.events.inference.sample import Sample
from models.events.inference.time_format import guess_time_format
from models.events.inference.vocabulary import CATALOGUE_NAMES


def catalogue_roles(sample: Sample) -> Roles:
    """Find the columns of a catalogue.

    Without names: the first identifier that never repeats is the item, the words that differ most are the title, and
    words that repeat are the category.

    Args:
        sample: Some of its records.
    """
    roles = Roles(profiles=profiles_of(sample))
    assign_by_name(roles, CATALOGUE_NAMES)
    for name in ("available_from", "withdrawn_at"):
        column = roles.columns.get(name)
        guess = guess_time_format(roles.profiles[column].values) if column else None
        if column and (guess is None or (roles.time and roles.time != guess)):
            del roles.columns[name]
            roles.left_out.append(f"{column!r} is not used as {name}: no time format reads it.")
        elif column:
            roles.time = guess
    if "item_id" not in roles.columns:
        _by_values(roles)
    return roles


def _by_values(roles: Roles) -> None:
    free = roles.free()
    item = next((column for column in free if roles.profiles[column].is_unique and _short(roles.profiles[column])), "")
    if not item:
        return
    roles.assign("item_id", item, f"item_id: {item!r}, the first column in which no value comes twice.")
    words = [
        column for column in roles.free() if roles.profiles[column].texts and not roles.profiles[column].is_numeric
    ]
    if "title" not in roles.columns and words:
        title = max(words, key=lambda column: (len(roles.profiles[column].distinct), roles.profiles[column].is_prose))
        roles.assign("title", title, f"title: {title!r}, the words that differ most from item to item.")
    words = [column for column in roles.free() if column in words and not roles.profiles[column].is_unique]
    if "category" not in roles.columns and words:
        roles.assign("category", words[0], f"category: {words[0]!r}, words that come again and again.")


def _short(seen: Profile) -> bool:
    return seen.share_scalar == 1 and all(len(text) <= 64 and " " not in text for text in seen.distinct)


def category_separators(seen: Profile | None) -> dict[str, str]:
    """`category_separator` of lists such as 'Drama|War', `path_separator` of paths such as 'Home > Garden'."""
    texts = seen.texts if seen else []
    for setting, separator in (("category_separator", "|"), ("path_separator", ">"), ("path_separator", "/")):
        inside = re.compile(r"\S\s*" + re.escape(separator) + r"\s*\S")
        if texts and sum(bool(inside.search(text)) for text in texts) >= 0.2 * len(texts):
            return {setting: separator}
    return {}
