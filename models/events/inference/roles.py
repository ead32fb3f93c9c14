"""Which column fills which canonical field: by its name where it is known and the values agree, else by its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from models.events.inference.profile import Profile, profile
from models.events.inference.sample import Sample
from models.events.inference.time_format import TimeGuess, guess_time_format
from models.events.inference.vocabulary import normalised

MOST_EVENT_TYPES: Final = 50


@dataclass
class Roles:
    """The columns of a source by field.

    Attributes:
        columns: Canonical field -> column.
        notes: Canonical field -> what was seen where the guess is not certain.
        left_out: What was seen of columns whose name fits a field but whose values do not.
        profiles: Column -> what its values look like.
        time: How the times are written.
    """

    columns: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    profiles: dict[str, Profile] = field(default_factory=dict)
    time: TimeGuess | None = None

    def assign(self, name: str, column: str, note: str = "") -> None:
        """Let a column fill a field."""
        self.columns[name] = column
        if note:
            self.notes[name] = note

    def free(self) -> list[str]:
        """Columns without a field, in file order."""
        return [column for column in self.profiles if column not in self.columns.values()]

    def of(self, name: str) -> Profile | None:
        """The values of a field."""
        return self.profiles.get(self.columns.get(name, ""))

    def renamed(self, names: dict[str, str]) -> Roles:
        """The same with other column names."""
        return Roles(
            {name: names[column] for name, column in self.columns.items()},
            self.notes,
            self.left_out,
            {names[column]: seen for column, seen in self.profiles.items()},
            self.time,
        )

    def missing_values(self) -> tuple[str, ...]:
        """Texts of the used columns that seem to mean 'no value', beyond those every source has."""
        return tuple(sorted({text for name in self.columns for text in self.profiles[self.columns[name]].also_missing}))


Fit = Callable[[Profile], str]
"""Why the values cannot fill the field; empty where they can."""


def _word(seen: Profile) -> str:
    return "" if seen.share_scalar == 1 else "it holds lists, objects or true/false"


def _number(seen: Profile) -> str:
    return _word(seen) or ("" if seen.is_numeric else "its values are not all numbers (decimal commas?)")


def _position(seen: Profile) -> str:
    whole = seen.is_numeric and all(number == int(number) for number in seen.numbers)
    return "" if whole and min(seen.numbers) >= 1 else "positions are whole numbers from 1"


def _propensity(seen: Profile) -> str:
    inside = seen.is_numeric and all(0 < number <= 1 for number in seen.numbers)
    return "" if inside else "a propensity is above 0 and at most 1"


def _event_type(seen: Profile) -> str:
    return _word(seen) or ("" if len(seen.distinct) <= MOST_EVENT_TYPES else f"{len(seen.distinct)} different values")


def _event_id(seen: Profile) -> str:
    return _word(seen) or ("" if seen.is_unique else "values come twice, and events with the same id count once")


FITS: Final[dict[str, Fit]] = {
    **dict.fromkeys(("value", "quantity", "price"), _number),
    "position": _position,
    "propensity": _propensity,
    "event_type": _event_type,
    "event_id": _event_id,
}


def profiles_of(sample: Sample) -> dict[str, Profile]:
    """What the values of every column look like."""
    return {column: profile(values) for column, values in sample.items()}


def assign_by_name(roles: Roles, names: dict[str, list[str]]) -> None:
    """Give every field without a column the free one whose name comes first in its list, if the values fit."""
    for name, words in names.items():
        found = {normalised(column): column for column in reversed(roles.free())}
        candidates = [found[word] for word in words if word in found] if name not in roles.columns else []
        for column in candidates:
            seen = roles.profiles[column]
            reason = "it is empty" if not seen.texts else FITS.get(name, _word)(seen)
            if not reason:
                others = [other for other in candidates if other != column and roles.profiles[other].texts]
                also = ", ".join(map(repr, others))
                roles.assign(name, column, f"{name} could also be {also}." if others else "")
                break
            roles.left_out.append(f"{column!r} is not used as {name}: {reason}.")


def assign_time(roles: Roles, words: list[str]) -> None:
    """Find the column of times: the first known name that reads as times, else any column that does."""
    free = roles.free()
    named = [column for word in words for column in free if normalised(column) == word]
    for column in [*named, *(column for column in free if column not in named)]:
        seen = roles.profiles[column]
        if (guess := guess_time_format(seen.values)) and seen.texts and not seen.is_row_number:
            roles.time = guess
            note = "" if column in named else f"event_at: {column!r} by its values, e.g. {seen.texts[0]!r}."
            roles.assign("event_at", column, note)
            return


def loses_trailing_zero(seen: Profile | None) -> bool:
    """Whether ids look like '17850.0': a spreadsheet or pandas has turned them into floats."""
    if seen is None or not seen.texts or not seen.is_numeric:
        return False
    return any(text.endswith(".0") for text in seen.distinct)
