"""Whether an answer is the JSON that was asked for, and in one line what is wrong with it where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_FAULT_CHARACTERS = 300
_MAX_STARTS = 20  # places in prose where JSON may begin; more are hostile
_FENCE = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)```", re.DOTALL)
_START = re.compile(r"[{\[]")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


@dataclass(frozen=True)
class Checked:
    """A JSON value that its schema accepts, or the fault; without a fault the value counts, which may be `null`."""

    value: Any
    fault: str | None


def check_answer(text: str, schema: Mapping[str, Any]) -> Checked:
    """Find the JSON value in an answer and hold it against its schema.

    The value may be the whole text, stand in a code fence, or stand in prose; what a model wrote before `</think>` is
    skipped. Of several values the first valid one counts.

    Args:
        text: The answer.
        schema: JSON schema, 2020-12; `format` is checked too.

    Returns:
        The value, or a fault of at most `MAX_FAULT_CHARACTERS` characters.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    first_fault = None
    for value in _values(text):
        fault = _unwritable(value)
        if fault is None:
            error = best_match(validator.iter_errors(value))
            if error is None:
                return Checked(value, None)
            fault = f"{error.json_path.removeprefix('$').lstrip('.') or 'the answer'}: {error.message}"
        first_fault = first_fault or fault
    return Checked(None, one_line(first_fault or _no_json(text)))


def one_line(text: str, longest: int = MAX_FAULT_CHARACTERS) -> str:
    """The text without line breaks and repeated spaces, cut where it is too long."""
    words = " ".join(text.split())
    return words if len(words) <= longest else words[: longest - 3] + "..."


def _values(text: str) -> Iterator[Any]:
    """JSON values in the order in which they are worth looking at."""
    text = text.strip()
    answer = text.rpartition("</think>")[2].strip()
    for candidate in [text, answer, *(fenced.strip() for fenced in _FENCE.findall(answer))]:
        found = _decoded(candidate, 0)
        if found and found[1] == len(candidate):
            yield found[0]
            return
    end = 0
    for match, _ in zip(_START.finditer(answer), range(_MAX_STARTS), strict=False):
        found = _decoded(answer, match.start()) if match.start() >= end else None
        if found:
            yield found[0]
            end = found[1]


def _decoded(text: str, start: int) -> tuple[Any, int] | None:
    """The value that begins at `start` and where it ends."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def _unwritable(value: Any) -> str | None:
    """Half a surrogate pair passes as JSON, but no file or table takes it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return "the answer holds text that is no valid Unicode"
    return None


def _no_json(text: str) -> str:
    shown = text.strip()
    if not shown:
        return "the answer is empty"
    if not _START.search(shown):
        return f"the answer is not JSON but text: {shown[:80]!r}"
    return f"the answer's JSON is broken or ends too early, it ends with {shown[-40:]!r}"
