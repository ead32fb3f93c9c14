"""Values below the top level of a JSON object or a Parquet row, named by a path.

`a.b` is key `b` of the object `a`; `a[0]` the first entry of a list; `a[key=x].value` the `value` of the first object
in the list `a` whose `key` is `x`; `a.b | c` is `a.b`, or `c` where that is missing or empty. A key that is written
exactly like the path goes before it, so flat logs with dots in their names need nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Step = str | int | tuple[str, str]
"""A key, a place in a list, or `(key, value)` of the wanted object in a list."""

ALTERNATIVES: Final = " | "
KEY: Final = r"[^.\[\]|]+"
SELECTOR: Final = r"\[(?:[0-9]{1,9}|[^\[\]=]+=[^\[\]]*)\]"
PATH: Final = re.compile(rf"{KEY}(?:{SELECTOR})*(?:\.{KEY}(?:{SELECTOR})*)*")
STEP: Final = re.compile(rf"\[([0-9]+)\]|\[([^\[\]=]+)=([^\[\]]*)\]|({KEY})")


def is_flat(name: str) -> bool:
    """Whether a name can only be a key of the top level."""
    return not re.search(r"[.\[|]", name)


def paths(name: str) -> list[list[Step]]:
    """The alternatives of a path in their order; a text that is no path is one key."""
    alternatives = name.split(ALTERNATIVES)
    if not all(map(PATH.fullmatch, alternatives)):
        return [[name]]
    return [[_step(found) for found in STEP.finditer(alternative)] for alternative in alternatives]


def _step(found: re.Match[str]) -> Step:
    place, key, value, name = found.groups()
    if place is not None:
        return int(place)
    return name if key is None else (key, value)


def roots(name: str) -> list[str]:
    """The keys of the top level that a path begins with, one per alternative."""
    return [str(path[0]) for path in paths(name)]


def picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """A function that takes the named values out of an object, `None` where nothing is there."""
    known = [(name, [] if is_flat(name) else paths(name)) for name in names]
    return lambda record: [_look_up(record, name, alternatives) for name, alternatives in known]


def _look_up(record: Mapping[str, Any], name: str, alternatives: list[list[Step]]) -> Any:
    if not alternatives or name in record:
        return record.get(name)
    for path in alternatives:
        value = _follow(record, path)
        if value not in (None, "", []):
            return value
    return None


def _follow(value: Any, path: list[Step]) -> Any:
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif isinstance(value, list):
            value = value[step : step + 1] if isinstance(step, int) else _having(value, *step)
            value = value[0] if value else None
        else:
            return None
    return value


def _having(entries: list[Any], key: str, wanted: str) -> list[Any]:
    """The first object of a list whose `key` is `wanted`, as a list."""
    return [entry for entry in entries if isinstance(entry, dict) and str(entry.get(key)) == wanted][:1]
