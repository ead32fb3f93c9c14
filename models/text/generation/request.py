"""What a language model is asked, and the key under which its answer is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY_VERSION = 1
"""Raised when the same request would be put to a model in other words, so that kept answers become stale."""


@dataclass(frozen=True)
class GenerationRequest:
    """One prompt with everything that decides its answer.

    Attributes:
        user: What is asked, with the data it is asked about. Prompts of one kind should begin alike and end with what
            differs, because a beginning that many share is computed once.
        system: Instructions, the same for all prompts of a kind; may be empty.
        schema: JSON schema (2020-12) of the answer; `None` for free text. The order of its properties is the order in
            which they are written.
        max_tokens: Longest answer, in tokens of the model.
        temperature: 0 is deterministic in this process; `None` leaves it to the server (0 in this process).
        seed: Decides what is drawn above temperature 0; `None` sends none to a server (0 in this process).
    """

    user: str
    system: str = ""
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 1024
    temperature: float | None = 0.0
    seed: int | None = 0

    def key(self, identity: str) -> str:
        """SHA-256, hexadecimal, of the whole request and of the model that answers it.

        Args:
            identity: The generator's; see `TextGenerator.identity`.
        """
        parts = [KEY_VERSION, identity, self.system, self.user, self.schema]
        parts += [self.max_tokens, self.temperature, self.seed]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()  # keys unsorted: their order is the answer's
