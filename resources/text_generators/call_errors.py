"""What a failed call means: for every prompt, for this one, or for the next attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.errors import UserError
from models.text.generation.validation import one_line

RETRIED_STATUSES = {408, 409, 425, 429}
"""Besides all from 500 on."""

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Failure:
    """A call that brought no answer.

    Attributes:
        line: What happened, without the key.
        again: Whether another attempt may succeed.
        stops: The error for all prompts, where none can be answered.
    """

    line: str
    again: bool
    stops: UserError | None = None


def failure_of(status: int, message: str, code: Any, model: str, address: str, key_variable: str) -> Failure:
    """Judge a status that is not 200.

    Args:
        status: HTTP status.
        message: The server's words, the key already taken out.
        code: Its own error code, if it gives one.
        model: The model asked for.
        address: The server.
        key_variable: Environment variable with the key.
    """
    said = one_line(message, _SHOWN_CHARACTERS)
    line = f"{status} {said}".strip()
    if status in (401, 403):
        mend = f"Set {key_variable} to a key that may use {model!r}."
        return Failure(line, False, UserError(f"the server refused the key ({line})", address, mend))
    if status == 404:
        mend = "Correct `generator.model` or `generator.base_url` in sluice.yaml."
        return Failure(line, False, UserError(f"the server does not know the model {model!r} ({line})", address, mend))
    if status == 402 or code in ("insufficient_quota", "billing_hard_limit_reached"):
        mend = "Top it up, then run again: answers that were stored are not asked for twice."
        return Failure(line, False, UserError(f"the account has no budget left ({line})", address, mend))
    return Failure(line, status in RETRIED_STATUSES or status >= 500)


def unreachable(line: str, in_a_row: int, address: str) -> UserError:
    """The error when one prompt after the other got no answer."""
    found = f"the last {in_a_row} prompts got no answer at all, the newest because of: {line}"
    return UserError(found, address, "See to the server, then run again: answers that were stored are not asked twice.")
