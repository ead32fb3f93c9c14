"""The columns of an event log."""

from __future__ import annotations

import re
from typing import Final

from models.events.inference.profile import Profile
from models.events.inference.roles import Roles, assign_by_name, assign_time, profiles_of
from models.events.inference.sample import Sample
from models.events.inference.vocabulary import EVENT_NAMES, TYPE_WEIGHTS, normalised

MOST_RATINGS: Final = 21


def event_roles(sample: Sample, item_ids: frozenset[str] = frozenset()) -> Roles:
    """Find the columns of an event log.

    What names do not tell is read from values: a time, an event type of known words, a rating (few numbers in a small
    range), the item (the column that shares most values with the catalogue), then user and item in this order.

    Args:
        sample: Some of its records.
        item_ids: Ids of the catalogue, where there is one.
    """
    roles = Roles(profiles=profiles_of(sample))
    assign_time(roles, EVENT_NAMES["event_at"])
    if item_ids and "item_id" not in roles.columns:
        _item_by_catalogue(roles, item_ids)
    assign_by_name(roles, {name: words for name, words in EVENT_NAMES.items() if name != "event_at"})
    _type_by_values(roles)
    _people_and_items_by_values(roles)
    _rating_by_values(roles)
    return roles


def _item_by_catalogue(roles: Roles, item_ids: frozenset[str]) -> None:
    """The column that has most of its values in the catalogue, if no name says which one is the item."""
    if any(normalised(column) in EVENT_NAMES["item_id"] for column in roles.free()):
        return
    known = set(EVENT_NAMES["user_id"])
    shares = {
        column: _share_known(roles.profiles[column], item_ids)
        for column in roles.free()
        if normalised(column) not in known and roles.profiles[column].is_identifier
    }
    best = max(shares, key=lambda column: (shares[column], len(roles.profiles[column].distinct)), default="")
    if best and shares[best] > 0.5:
        roles.assign("item_id", best, f"item_id: {shares[best]:.0%} of the values of {best!r} are in the catalogue.")


def _share_known(seen: Profile, item_ids: frozenset[str]) -> float:
    return len(seen.distinct & item_ids) / len(seen.distinct) if seen.distinct else 0.0


def _type_by_values(roles: Roles) -> None:
    if "event_type" in roles.columns:
        return
    for column in roles.free():
        seen = roles.profiles[column]
        known = [text for text in seen.distinct if is_known_type(text)]
        if 0 < len(seen.distinct) <= MOST_RATINGS and len(known) > len(seen.distinct) / 2:
            listed = ", ".join(map(repr, sorted(known)[:3]))
            roles.assign("event_type", column, f"event_type: {column!r} by its values, e.g. {listed}.")
            return


def is_known_type(text: str) -> bool:
    """Whether an event type is made of known words."""
    name = normalised(text)
    return any(re.search(pattern, name) for pattern, _, _ in TYPE_WEIGHTS)


def _people_and_items_by_values(roles: Roles) -> None:
    """User, then item: the identifiers with many values that are left, in file order."""
    for name, other in (("user_id", "item_id"), ("item_id", "user_id")):
        if name in roles.columns:
            continue
        candidates = [column for column in roles.free() if _many(roles.profiles[column])]
        needed = 2 if name == "user_id" and "item_id" not in roles.columns else 1
        if len(candidates) < needed:
            continue
        column = candidates[0]
        n_values = len(roles.profiles[column].distinct)
        note = f"{name}: {column!r} by its place among the columns ({n_values:,} different values in the sample)"
        roles.assign(name, column, f"{note}; exchange it with {other} if it is the other one.")


def _many(seen: Profile) -> bool:
    enough = max(2, min(50, seen.n_rows // 20))
    return seen.is_identifier and not seen.is_row_number and len(seen.distinct) >= enough and not is_rating(seen)


def _rating_by_values(roles: Roles) -> None:
    if "value" in roles.columns:
        return
    for column in roles.free():
        seen = roles.profiles[column]
        if normalised(column).startswith("column") and len(seen.distinct) > 2 and is_rating(seen):
            low, high = min(seen.numbers), max(seen.numbers)
            seen_as = f"value: {column!r} looks like a rating, {len(seen.distinct)} numbers from {low:g} to {high:g}."
            roles.assign("value", column, seen_as)
            return


def is_rating(seen: Profile) -> bool:
    """Few numbers in halves or wholes, from 0 or 1 up to at most 10, or to 100 in steps."""
    if not seen.is_numeric or len(seen.distinct) > MOST_RATINGS:
        return False
    low, high = min(seen.numbers), max(seen.numbers)
    in_steps = all(number * 2 == int(number * 2) for number in seen.numbers)
    return in_steps and ((0 <= low <= 1 < high <= 10) or (low >= 0 and high == 100))
