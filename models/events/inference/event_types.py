"""Event types and what they say about taste."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from models.events.inference.guess import Guess
from models.events.inference.roles import Roles
from models.events.inference.vocabulary import OUTCOME_NAMES, RETURN_TYPE, TYPE_WEIGHTS, normalised

LIKED: Final = 0.7
TRUE: Final = r"^(1(\.0)?|[Tt]rue|TRUE)$"
OUTCOME_VALUES: Final = frozenset(("0", "1", "0.0", "1.0", "True", "False", "true", "false", "TRUE", "FALSE"))


def constant_type(roles: Roles) -> tuple[str, list[dict[str, str]], str]:
    """The event type of a log that has no column for it, rules that override it, and what was seen."""
    for column in roles.free():
        outcome = OUTCOME_NAMES.get(normalised(column))
        seen = roles.profiles[column]
        if outcome and seen.distinct and seen.distinct <= OUTCOME_VALUES:
            rules = [{"column": column, "pattern": TRUE, "event_type": outcome}]
            return "impression", rules, f"Every row was shown; where {column!r} is 1 or true it is a {outcome}."
    if "value" in roles.columns:
        return "rating", [], "No column names a type; every row has a value and is taken for a rating."
    if {"quantity", "price"} & set(roles.columns):
        return "purchase", [], "No column names a type; rows with quantity or price are taken for purchases."
    return "interaction", [], "No column names a type: every row is an interaction."


def weighted_types(types: Mapping[str, int], values: Mapping[float, int]) -> dict[str, Guess]:
    """`event_types`: a weight for every type by the words in its name.

    Args:
        types: Event type -> events, or what a log without one gets.
        values: Rating -> events.
    """
    ordered = sorted(types, key=lambda name: (-types[name], name))
    known = {name: _weight(name) for name in ordered}
    nothing_known = not any(weight for weight, _ in known.values())
    only_one = sum(weight > 0 for weight, _ in known.values()) == 1
    guesses = {}
    for name in ordered:
        weight, why = known[name]
        if nothing_known:
            weight, why = 1, f"{why}, but nothing else is there to learn from"
        setting: dict[str, Any] = {"weight": 1 if only_one and weight else weight}
        note = f"{types[name]:,} events; {why}."
        if _is_rating(name) and (threshold := min_value(values)) is not None:
            setting["min_value"] = threshold
            note = f"{note} Ratings go from {min(values):g} to {max(values):g}; {threshold:g} and more count as liked."
        guesses[name] = Guess(setting, note)
    return guesses


def _weight(name: str) -> tuple[float, str]:
    text = normalised(name)
    for pattern, weight, why in TYPE_WEIGHTS:
        if re.search(pattern, text):
            return weight, f"by its name it {why}"
    return 0, "its name says nothing, so nothing is learned from it; give it a weight if it should count"


def _is_rating(name: str) -> bool:
    return bool(re.search("rating|rate|review", normalised(name)))


def min_value(values: Mapping[float, int]) -> float | None:
    """From which rating on an event counts: seven tenths of the scale, on its own steps; `None` without ratings."""
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    top = next((scale for scale in (1, 5, 10, 100) if high <= scale), high)
    if low < 0:
        return 0.0
    reached = [value for value in sorted(values) if value >= LIKED * top]
    return reached[0] if reached else high


def return_types(types: Iterable[str]) -> list[str]:
    """Types that undo a purchase."""
    return [name for name in types if RETURN_TYPE.search(normalised(name))]


def itemless_types(types: Mapping[str, int], itemless: Counter[str]) -> list[str]:
    """Types of which most events have no item."""
    return sorted(name for name, n in itemless.items() if n > types.get(name, 0) and n > 0)
