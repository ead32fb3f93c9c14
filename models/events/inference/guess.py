"""A setting that was guessed, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Guess:
    """A value for `sluice.yaml`.

    Attributes:
        value: The setting; a dict of guesses is a section.
        note: What was seen and what else it could be; empty where it is certain.
    """

    value: Any
    note: str = ""
